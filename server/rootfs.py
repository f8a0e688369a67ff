#!/usr/bin/env python3
"""The whole file system of the container: the program, the libraries that it needs, an SBOM.

    server/rootfs.py PROGRAM FOLDER [--strip STRIP]

PROGRAM may be of another architecture: its libraries are looked for where Debian puts that
architecture's. What each file is, and of which Debian package and version, is told in SPDX 2.3 at
/usr/share/sbom/digitd.spdx.json.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

TRIPLETS = {"X86-64": "x86_64-linux-gnu", "AArch64": "aarch64-linux-gnu"}
ARCHITECTURES = {"x86_64-linux-gnu": "amd64", "aarch64-linux-gnu": "arm64"}
LOADED_LATER = ["libopenblas.so.0"]  # model/blas.c opens it when a model wants it


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(file: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", file))


def triplet(program: Path) -> str:
    header = output("readelf", "-h", program)
    return next(found for machine, found in TRIPLETS.items() if machine in header)


def find(library: str, where: str) -> Path:
    for folder in (f"/lib/{where}", f"/usr/lib/{where}", f"/usr/lib/{where}/openblas-pthread"):
        path = Path(folder) / library
        if path.exists():
            return path.resolve()
    raise SystemExit(f"{library} is in none of Debian's folders for {where}")


def closure(program: Path, where: str) -> dict[str, Path]:
    """Every library by the name that it is asked for."""
    found: dict[str, Path] = {}
    names = needed(program) + LOADED_LATER
    while names:
        name = names.pop()
        if name not in found:
            found[name] = find(name, where)
            names += needed(found[name])
    return found


def interpreter(program: Path) -> str:
    return re.search(r"interpreter: (\S+)]", output("readelf", "-l", program))[1]


def package_of(path: Path, architecture: str) -> tuple[str, str]:
    """The Debian package that a file came with, and its version."""
    # dpkg knows a file by the path that the package gave it, which may lack the /usr.
    for known in (path, Path(str(path).removeprefix("/usr"))):
        done = subprocess.run(["dpkg", "-S", known], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            name = done.stdout.split(":")[0]
            version = output("dpkg-query", "-W", "-f", "${Version}", f"{name}:{architecture}")
            return name, version
    raise SystemExit(f"{path} is of no Debian package")


def checksum(path: Path) -> list[dict[str, str]]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [{"algorithm": "SHA256", "checksumValue": digest}]


def spdx_id(kind: str, name: str) -> str:
    return f"SPDXRef-{kind}-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}"


def package(name: str, version: str, architecture: str) -> dict:
    of_debian = name != "digitd"
    return {
        "name": name,
        "SPDXID": spdx_id("Package", name),
        "versionInfo": version,
        "supplier": "Organization: Debian" if of_debian else "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION" if of_debian else "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={architecture}"
                if of_debian
                else f"pkg:generic/digitd@{version}",
            }
        ],
    }


def sbom(root: Path, version: str, sources: dict[Path, Path | None], architecture: str) -> dict:
    """`sources` tells for each file of `root` what it was copied from; None is our own."""
    packages = {"digitd": package("digitd", version, architecture)}
    files, relations = [], []
    for path, source in sorted(sources.items()):
        name, found = package_of(source, architecture) if source else ("digitd", version)
        packages.setdefault(name, package(name, found, architecture))
        inside = f"./{path.relative_to(root)}"
        files.append(
            {
                "fileName": inside,
                "SPDXID": spdx_id("File", inside),
                "checksums": checksum(path),
                "licenseConcluded": "NOASSERTION",
                "copyrightText": "NOASSERTION",
            }
        )
        relations.append((packages[name]["SPDXID"], "CONTAINS", files[-1]["SPDXID"]))
    for name, one in packages.items():
        relations.append(("SPDXRef-DOCUMENT", "DESCRIBES", one["SPDXID"]))
        if name != "digitd":
            relations.append((packages["digitd"]["SPDXID"], "DEPENDS_ON", one["SPDXID"]))
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"digitd-{version}-{architecture}",
        "documentNamespace": f"https://spdx.org/spdxdocs/digitd-{version}-{digest[:32]}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
            "creators": ["Tool: digitd-server-rootfs.py"],
        },
        "packages": list(packages.values()),
        "files": files,
        "relationships": [
            {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
            for a, kind, b in relations
        ],
    }


def version() -> str:
    text = (Path(__file__).resolve().parent.parent / "meson.build").read_text()
    return re.search(r"version: '([\d.]+)'", text)[1]


def copy(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--strip", default="strip", help="of the program's architecture")
    args = parser.parse_args()
    where, root = triplet(args.program), args.folder
    if root.exists():
        raise SystemExit(f"{root} is there already")

    own = copy(args.program, root / "usr/bin/digitd")
    subprocess.run([args.strip, own], check=True)
    sources: dict[Path, Path | None] = {own: None}
    loader = interpreter(args.program)
    for name, source in closure(args.program, where).items():
        if name != Path(loader).name:
            sources[copy(source, root / "usr/lib" / where / name)] = source
    source = find(Path(loader).name, where)
    sources[copy(source, root / loader.lstrip("/"))] = source

    told = root / "usr/share/sbom/digitd.spdx.json"
    told.parent.mkdir(parents=True)
    document = sbom(root, version(), sources, ARCHITECTURES[where])
    told.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
