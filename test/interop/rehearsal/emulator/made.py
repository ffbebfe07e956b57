"""Resource types that moto's CloudFormation lacks, or makes without most of their properties.

Each is made as CloudFormation makes it: by calls to the public API of its service, which here is the emulator's own,
so that the service's model refuses a property it does not know.
"""
import functools
import json
import os

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import ValidationError

from emulator.resource import add_type


@functools.cache
def client_of(service, region):
    return boto3.client(service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def add(kind, service, make, delete=None, attributes=(), name_property=None):
    """`make(client, name, properties)` as in `add_type`; without `delete` it goes with what it belongs to."""

    def make_by_api(region, name, properties):
        try:
            return make(client_of(service, region), name, properties)
        except (BotoCoreError, ClientError) as error:
            raise ValidationError(message=f"{kind} {name}: {error}") from error

    def delete_by_api(region, physical_id):
        if delete:
            delete(client_of(service, region), physical_id)

    add_type(kind, make_by_api, delete_by_api, attributes, name_property)


def tag_map(properties):
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def without(properties, *names):
    return {name: value for name, value in properties.items() if name not in names}


def global_table(client, name, properties):
    """One region, so one replica: its settings are those of the table."""
    [replica] = properties["Replicas"]
    indexes = properties.get("GlobalSecondaryIndexes")
    stream = properties.get("StreamSpecification")
    table = client.create_table(
        TableName=name,
        KeySchema=properties["KeySchema"],
        AttributeDefinitions=properties["AttributeDefinitions"],
        BillingMode=properties["BillingMode"],
        DeletionProtectionEnabled=replica.get("DeletionProtectionEnabled", False),
        Tags=replica.get("Tags", []),
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"StreamSpecification": {**stream, "StreamEnabled": True}} if stream else {}),
    )["TableDescription"]
    recovery = replica.get("PointInTimeRecoverySpecification")
    if recovery:
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    return name, {"Arn": table["TableArn"], "StreamArn": table.get("LatestStreamArn")}


def function(client, name, properties):
    known = without(properties, "Tags", "ReservedConcurrentExecutions")
    made = client.create_function(**known, FunctionName=name, Tags=tag_map(properties))
    reserved = properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return name, {"Arn": made["FunctionArn"]}


def function_url(client, name, properties):
    arn = properties["TargetFunctionArn"]
    rest = without(properties, "TargetFunctionArn")
    url = client.create_function_url_config(FunctionName=arn, **rest)["FunctionUrl"]
    # AWS's ends in a slash.
    return arn, {"FunctionUrl": f"{url.rstrip('/')}/", "FunctionArn": arn}


def event_invoke_config(client, name, properties):
    client.put_function_event_invoke_config(**properties)
    return f"{properties['FunctionName']}|{properties['Qualifier']}", {}


def event_source_mapping(client, name, properties):
    rest = without(properties, "Tags")
    uuid = client.create_event_source_mapping(**rest, Tags=tag_map(properties))["UUID"]
    return uuid, {"Id": uuid}


def schedule_group(client, name, properties):
    made = client.create_schedule_group(**properties)
    return properties["Name"], {"Arn": made["ScheduleGroupArn"]}


def schedule(client, name, properties):
    # The API takes 64 characters, of which CloudFormation leaves the random ones whole.
    own = f"{name[:50]}-{name.split('-')[-1]}"
    made = client.create_schedule(**{"Name": own, **properties})
    return properties.get("Name", own), {"Arn": made["ScheduleArn"]}


def delete_schedule(client, name):
    for group in client.list_schedule_groups()["ScheduleGroups"]:
        for one in client.list_schedules(GroupName=group["Name"])["Schedules"]:
            if one["Name"] == name:
                client.delete_schedule(Name=name, GroupName=group["Name"])


def alarm(client, name, properties):
    own = properties.get("AlarmName", name)
    client.put_metric_alarm(**{**properties, "AlarmName": own})
    [made] = client.describe_alarms(AlarmNames=[own])["MetricAlarms"]
    return own, {"Arn": made["AlarmArn"]}


def topic_policy(client, name, properties):
    policy = json.dumps(properties["PolicyDocument"])
    for topic in properties["Topics"]:
        client.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return name, {}


def queue_policy(client, name, properties):
    policy = json.dumps(properties["PolicyDocument"])
    for queue in properties["Queues"]:
        client.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return name, {}


def bucket_policy(client, name, properties):
    policy = json.dumps(properties["PolicyDocument"])
    client.put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return properties["Bucket"], {}


add(
    "AWS::DynamoDB::GlobalTable",
    "dynamodb",
    global_table,
    lambda client, name: client.delete_table(TableName=name),
    ["Arn", "StreamArn"],
    "TableName",
)
add(
    "AWS::Lambda::Function",
    "lambda",
    function,
    lambda client, name: client.delete_function(FunctionName=name),
    ["Arn"],
    "FunctionName",
)
add("AWS::Lambda::Url", "lambda", function_url, attributes=["FunctionUrl", "FunctionArn"])
add("AWS::Lambda::EventInvokeConfig", "lambda", event_invoke_config)
add(
    "AWS::Lambda::EventSourceMapping",
    "lambda",
    event_source_mapping,
    lambda client, uuid: client.delete_event_source_mapping(UUID=uuid),
    ["Id"],
)
add(
    "AWS::Scheduler::ScheduleGroup",
    "scheduler",
    schedule_group,
    lambda client, name: client.delete_schedule_group(Name=name),
    ["Arn"],
    "Name",
)
add("AWS::Scheduler::Schedule", "scheduler", schedule, delete_schedule, ["Arn"], "Name")
add(
    "AWS::CloudWatch::Alarm",
    "cloudwatch",
    alarm,
    lambda client, name: client.delete_alarms(AlarmNames=[name]),
    ["Arn"],
    "AlarmName",
)
add("AWS::SNS::TopicPolicy", "sns", topic_policy)
add("AWS::SQS::QueuePolicy", "sqs", queue_policy)
add("AWS::S3::BucketPolicy", "s3", bucket_policy)
