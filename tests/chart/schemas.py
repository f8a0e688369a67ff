"""Strict JSON schemas, laid out as kubeconform looks for them: GROUP/KIND_VERSION.json, where
the core group is called by its version.

    schemas.py kubernetes WHEEL VERSION FOLDER   of the kinds that Kubernetes has
    schemas.py crds CRD.yaml FOLDER              of the kinds that a CustomResourceDefinition adds
"""

import json
import re
import sys
import zipfile
from pathlib import Path

LAYOUT = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def write(folder, group, kind, version, schema):
    path = Path(folder) / (group or version) / f"{kind.lower()}_{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def reachable(schema, definitions):
    """Those that the schema refers to, and those that these refer to."""
    found, left = {}, [schema]
    while left:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(left.pop())):
            if name not in found:
                found[name] = definitions[name]
                left.append(definitions[name])
    return found


def kubernetes(wheel, version, folder):
    """From PyPI's kubernetes-validate, whose references are to a server's paths."""
    name = f"kubernetes_validate/kubernetes-json-schema/{version}-local-strict/_definitions.json"
    text = zipfile.ZipFile(wheel).read(name).decode()
    definitions = json.loads(text.replace("/api/_definitions.json#", "#"))["$defs"]
    for schema in definitions.values():
        properties = schema.get("properties", {})
        for api in properties.get("apiVersion", {}).get("enum", []):
            group, _, version = api.rpartition("/")
            for kind in properties.get("kind", {}).get("enum", []):
                needed = reachable(schema, definitions)
                write(folder, group, kind, version, schema | {"$defs": needed})


def strict(schema):
    """OpenAPI as Kubernetes writes it, in the words of JSON schema; unknown fields are refused."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(part) for key, part in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        schema = {"type": ["integer", "string"]}
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not open_:
        schema["additionalProperties"] = False
    return schema


def crds(path, folder):
    import yaml

    for crd in yaml.load_all(Path(path).read_text(), Loader=yaml.CSafeLoader):
        for version in (crd or {}).get("spec", {}).get("versions", []):
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {
                "metadata": {"type": "object"},
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
            }
            write(
                folder,
                crd["spec"]["group"],
                crd["spec"]["names"]["kind"],
                version["name"],
                schema,
            )


if __name__ == "__main__":
    {"kubernetes": kubernetes, "crds": crds}[sys.argv[1]](*sys.argv[2:])
