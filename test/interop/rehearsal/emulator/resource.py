"""How a resource type is taught to moto's CloudFormation."""
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

# moto finds the types it knows among its base class's subclasses, and these are held by nobody else.
TYPES = []


def add_type(kind, make, delete, attributes, name_property=None):
    """Teaches `kind`. `make(region, name, properties)` answers the physical id and the attributes' values,
    `delete(region, physical_id)` takes it away; either may raise ValidationError."""

    class Resource(CloudFormationModel):
        def __init__(self, physical_id, values, region):
            self.physical_resource_id = physical_id
            self.values = values
            self.region = region

        @staticmethod
        def cloudformation_type():
            return kind

        @staticmethod
        def cloudformation_name_type():
            return name_property

        @classmethod
        def has_cfn_attr(cls, attr):
            return attr in attributes

        def get_cfn_attribute(self, attribute_name):
            return self.values[attribute_name]

        def is_created(self):
            return True

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name, cloudformation_json, account_id, region_name, **_
        ):
            properties = cloudformation_json["Properties"]
            physical_id, values = make(region_name, resource_name, properties)
            return cls(physical_id, values, region_name)

        @classmethod
        def update_from_cloudformation_json(cls, **_):
            raise ValidationError(message=f"{kind} is made here and not changed: deploy to a new emulator")

        def delete(self, account_id, region_name):
            delete(region_name, self.physical_resource_id)

    TYPES.append(Resource)
