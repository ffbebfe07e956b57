"""An account of AWS on this machine, `python -m emulator PORT`: moto's server, with what its CloudFormation lacks
to deploy our stacks. Nothing is skipped in silence: a resource type, an attribute or an output that is not known
fails the deployment, where moto itself would carry on without.
"""
import os
import sys
import threading
from types import SimpleNamespace

from moto.awslambda import models as functions
from moto.cloudformation import models, parsing, responses
from moto.cloudformation.exceptions import ValidationError
from moto.iam.access_control import PermissionResult
from moto.s3 import models as buckets
from moto.server import main

from emulator import declared, made  # noqa: F401  Their classes become resource types by being defined.

clean_json_of_moto = parsing.clean_json
class_of_moto = parsing.resource_class_from_type
delete_stack_of_moto = models.CloudFormationBackend.delete_stack
layer_version_of_moto = functions.LambdaBackend.layers_versions_by_arn


def clean_json(value, resources_map):
    """Resolves `Fn::GetStackOutput` too, and refuses attributes that have no value."""
    if isinstance(value, dict) and "Fn::GetStackOutput" in value:
        wanted = clean_json_of_moto(value["Fn::GetStackOutput"], resources_map)
        return stack_output(wanted, resources_map)
    cleaned = clean_json_of_moto(value, resources_map)
    if cleaned is None and isinstance(value, dict) and "Fn::GetAtt" in value:
        raise ValidationError(message=f"Fn::GetAtt {value['Fn::GetAtt']} has no value")
    return cleaned


def stack_output(wanted, resources_map):
    region = wanted.get("Region", resources_map["AWS::Region"])
    backend = models.cloudformation_backends[resources_map["AWS::AccountId"]][region]
    for output in backend.get_stack(wanted["StackName"]).outputs or []:
        if output["OutputKey"] == wanted["OutputName"]:
            return output["OutputValue"]
    name = f"{wanted['StackName']} has no output {wanted['OutputName']}"
    raise ValidationError(message=f"The stack {name}")


def class_of(resource_type):
    found = class_of_moto(resource_type)
    if found is None:
        raise ValidationError(message=f"The emulator does not know {resource_type}")
    return found


def apply(change_set):
    """moto's own gives a new stack no outputs, and makes its resources in the template's order."""
    stack = change_set.stack
    stack.template = change_set.template
    if change_set.change_set_type == "CREATE":
        stack._parse_template()
        stack.description = stack.template_dict.get("Description")
        stack.resource_map = stack._create_resource_map()
        stack.resource_map.create(stack.template_dict)
    else:
        stack.resource_map.update(change_set.template_dict, change_set.parameters)
        stack._parse_template()
    stack.output_map = stack._create_output_map()


def update_termination_protection(response):
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_param("EnableTerminationProtection")
    return responses.ActionResult({"StackId": stack.stack_id})


def delete_stack(backend, name_or_id):
    for stack in backend.stacks.values():
        is_meant = name_or_id in (stack.name, stack.stack_id)
        if is_meant and stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
    delete_stack_of_moto(backend, name_or_id)


def layer_version(backend, arn):
    """A layer of another account is taken on trust: nothing here can fetch it."""
    if arn.split(":")[4] != backend.account_id:
        return SimpleNamespace(arn=arn, code_size=0)
    return layer_version_of_moto(backend, arn)


def no_judgement(bucket, action, resource):
    """moto takes a refusal of plain HTTP for one of every request. Rights are not judged here at all."""
    return PermissionResult.NEUTRAL


parsing.clean_json = clean_json
parsing.resource_class_from_type = class_of
models.ChangeSet.apply = apply
models.CloudFormationBackend.delete_stack = delete_stack
responses.CloudFormationResponse.update_termination_protection = update_termination_protection
functions.LambdaBackend.layers_versions_by_arn = layer_version
buckets.FakeBucket.get_permission = no_judgement

def end_with_starter():
    """Whoever starts it holds its input open, and takes it along when killed."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, daemon=True).start()
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
