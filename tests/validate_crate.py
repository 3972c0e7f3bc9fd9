"""Validate a crate by roc-validator, by hand: ``python -m tests.validate_crate results/NAME/crate.zip``.

It needs PyPI, and no other network: the validator asks w3id.org for the words of RO-Crate 1.1, and is given
those that the package rocrate ships instead (of 1.3, with the four words of Bioschemas as 1.1 has them).
So everything is checked but that file itself. Packages go into a temporary folder.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = ("roc-validator==0.13.0", "rocrate==0.16.0")
PROFILE = "workflow-run-crate-0.5"
#: Runs in the temporary environment: the crate's folder, then the profile.
INSIDE = """
import json, sys
from importlib.resources import files
import rdflib.plugins.shared.jsonld.context as jsonld
from rocrate_validator import models, services
from rocrate_validator.utils import http

WORDS = files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf8")
WORDS = WORDS.replace("https://bioschemas.org/terms/", "https://bioschemas.org/")

class Answer:
    status_code, headers, text, content = 200, {"Content-Type": "application/ld+json"}, WORDS, WORDS.encode()
    def json(self):
        return json.loads(WORDS)

def get(self, address, *_, **__):
    assert "w3id.org/ro/crate" in address, address
    return Answer()

def source_to_json(source, *_, **__):
    assert "w3id.org/ro/crate" in str(source), source
    return json.loads(WORDS), None

http.HttpRequester.get, jsonld.source_to_json = get, source_to_json
for severity in ("REQUIRED", "RECOMMENDED"):
    level = models.Severity[severity]
    result = services.validate(services.ValidationSettings(
        rocrate_uri=sys.argv[1], profile_identifier=sys.argv[2], requirement_severity=level
    ))
    print(f"{severity}: {'passed' if result.passed() else 'failed'}")
    for issue in result.get_issues():
        print(f"- {issue.severity.name} {issue.check.identifier}: {issue.message}")
    if severity == "REQUIRED" and not result.passed():
        sys.exit(1)
"""


def main() -> None:
    """Print what the validator says; exit status 1 where something required is missing."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        python = folder / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        with zipfile.ZipFile(sys.argv[1]) as archive:
            archive.extractall(folder / "crate")
        done = subprocess.run([python, "-c", INSIDE, folder / "crate", PROFILE], check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
