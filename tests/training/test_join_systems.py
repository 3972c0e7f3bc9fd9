"""train.join_systems: a system with weights of its own for each direction, from parts of one direction."""

from tests.malformed.used_cases import parts
from workflow_scripts.train.join_systems import main
from workflow_scripts.units.system import SystemFolder


def test_weights_of_the_parts_are_linked(tmp_path):
    """Sums of what the parts took: 3 + 4 updates, 10 + 2.5 seconds; the larger memory."""
    main(parts(tmp_path).split())
    made = SystemFolder.read(tmp_path / "joined")
    made.verify()
    links = {path.name: str(path.readlink()) for path in made.folder.iterdir() if path.is_symlink()}
    # Relative: results may be moved.
    assert links == {
        "model.safetensors": "../there/model.safetensors", "spm.model": "../there/spm.model",
        "dict.txt": "../there/dict.txt", "de-en.safetensors": "../part.de-en/model.safetensors",
        "en-de.safetensors": "../part.en-de/model.safetensors",
    }  # fmt: skip
    assert (made.system, made.seed, made.languages) == ("full", 2, ("en", "de"))
    assert made.directions == ("de-en", "en-de")
    assert {name: made.weights_of(name).read_text() for name in made.directions} == {
        "de-en": "tuned de-en", "en-de": "tuned en-de",
    }  # fmt: skip
    assert made.masks is None
    baseline = SystemFolder.read(tmp_path / "there").weights_sha256
    assert made.parent == {"system": "baseline", "weights_sha256": baseline} == {
        "system": "baseline", "weights_sha256": made.weights_sha256,
    }  # fmt: skip
    assert made.training == {"updates": 7, "seconds": 12.5, "gpu_hours": 0, "peak_memory_mb": 300}
