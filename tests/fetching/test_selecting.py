"""Which published files are wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.fetching.selecting import is_wanted, wanted

SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
INDEX = "model.safetensors.index.json"


def test_parts_come_with_their_index_and_not_beside_a_single_file() -> None:
    assert wanted([*SHARDS, INDEX, "config.json"]) == ["config.json", INDEX, *SHARDS]
    # Of two sets of weights the one that transformers loads.
    both = [*SHARDS, INDEX, "model.safetensors", "config.json"]
    assert wanted(both) == ["config.json", "model.safetensors"]
    assert wanted([*SHARDS, "model.safetensors"]) == ["model.safetensors"]


@given(st.text(max_size=20), st.sampled_from([".py", ".bin", ".pth", ".pt", ".pkl", ".so", ""]))
def test_no_program_and_no_pickle_is_ever_wanted(stem: str, ending: str) -> None:
    assert not is_wanted(f"{stem}{ending or '.exe'}")


@given(st.sampled_from(["/", "../", "a/", "..\\"]), st.sampled_from([*SHARDS, INDEX, "LICENSE"]))
def test_nothing_inside_or_outside_the_folder_is_wanted(where: str, name: str) -> None:
    assert is_wanted(name)
    assert not is_wanted(where + name)
    assert not is_wanted(name + "\n")
