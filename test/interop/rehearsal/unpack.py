"""`unpack.py BUCKET FOLDER` unpacks the archives whose keys it reads, each into a folder of its key's name, with the
files' modes as Lambda does; for each it prints the digest by which Lambda names it.
"""
import base64
import hashlib
import io
import os
import sys
import zipfile

import boto3

bucket, folder = sys.argv[1:]
store = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
for key in sys.stdin.read().split():
    archive = store.get_object(Bucket=bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for entry in files.infolist():
            path = files.extract(entry, os.path.join(folder, key))
            os.chmod(path, entry.external_attr >> 16 & 0o777)
    print(base64.b64encode(hashlib.sha256(archive).digest()).decode())
