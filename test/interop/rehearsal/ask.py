"""Asks AWS through its SDK for Python: a line `{service, operation, parameters}` in, a line with the reply out.
Lists are whole: what AWS answers in pages is read to its end.
"""
import json
import os
import sys

import boto3


def reply(service, operation, parameters):
    client = boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    if client.can_paginate(operation):
        return client.get_paginator(operation).paginate(**parameters).build_full_result()
    return getattr(client, operation)(**parameters)


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"reply": reply(asked["service"], asked["operation"], asked["parameters"])}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
