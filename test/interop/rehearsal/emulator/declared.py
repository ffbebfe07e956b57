"""Resource types that no emulated service keeps: the stack names them, and nothing stands behind the name."""
from emulator.resource import add_type

DECLARED = {
    "AWS::CloudFront::Distribution": {"DomainName": "{id}.cloudfront.net", "Id": "{id}"},
    "AWS::CloudFront::Function": {"FunctionARN": "arn:aws:cloudfront::123456789012:function/{id}"},
    "AWS::CloudFront::OriginAccessControl": {"Id": "{id}"},
    "AWS::CloudFront::ResponseHeadersPolicy": {"Id": "{id}"},
    "AWS::CloudWatch::CompositeAlarm": {"Arn": "arn:aws:cloudwatch:{region}:123456789012:alarm:{id}"},
    "AWS::Logs::QueryDefinition": {"QueryDefinitionId": "{id}"},
}


def declare(kind, attributes):
    def make(region, name, properties):
        return name, {key: text.format(id=name, region=region) for key, text in attributes.items()}

    add_type(kind, make, lambda region, physical_id: None, attributes)


for kind, attributes in DECLARED.items():
    declare(kind, attributes)
