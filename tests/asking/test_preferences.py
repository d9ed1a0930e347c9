from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from npe2 import PluginManifest

from napari_medvlm.asking import ModelOffer
from napari_medvlm.asking.preferences import DEVICES, DTYPES, Preferences, page_of
from napari_medvlm.engine import ModelChoice
from napari_medvlm.models.catalog import PROFILES

MANIFEST = Path(__file__).parents[2] / "napari.yaml"


def test_the_settings_page_has_the_same_fields_with_the_same_defaults() -> None:
    pages = PluginManifest.from_file(MANIFEST).contributions.configurations
    declared = {
        (page, key): one.default
        for page, contribution in pages.items()
        for key, one in contribution.properties.items()
    }
    assert declared == {(page_of(one.name), one.name): one.default for one in fields(Preferences)}
    properties = pages["model"].properties
    assert tuple(properties["device"].enum) == DEVICES
    assert tuple(properties["dtype"].enum) == DTYPES
    for contribution in pages.values():
        for one in contribution.properties.values():
            assert one.description, one.title


def test_what_is_missing_or_of_another_type_has_its_default() -> None:
    stored = {("journal", "megabytes"): "much", ("journal", "keep"): 0, ("model", "dtype"): "int8"}

    def get(page: str, key: str) -> object:
        if page == "panel":
            raise AttributeError(page)
        return stored[page, key]

    assert Preferences.read(get) == Preferences(dtype="int8")


def test_there_is_no_page_of_an_unknown_field() -> None:
    with pytest.raises(KeyError):
        page_of("colour")


def _offer(profile: str, device: str, dtype: str) -> ModelOffer:
    choice = ModelChoice("nowhere", "a model", device, dtype, profile=profile)
    return ModelOffer("a model", choice, PROFILES[profile])


def test_a_model_runs_as_preferred_unless_it_was_told_otherwise() -> None:
    preferred = Preferences(device="cpu", dtype="int8")
    auto = _offer("chexone", "auto", "auto")
    assert preferred.of_model(auto).choice == replace(auto.choice, device="cpu", dtype="int8")
    told = _offer("chexone", "cuda:1", "bfloat16")
    assert preferred.of_model(told) == told
    assert Preferences().of_model(auto) == auto


def test_the_toy_stays_where_its_figures_were_measured() -> None:
    toy = _offer("demo", "cpu", "float32")
    assert Preferences(device="cuda", dtype="int4").of_model(toy) == toy


def test_more_images_than_set_bring_a_warning() -> None:
    assert Preferences(many_frames=8).frames_warning(8) == ""
    assert "9 images" in Preferences(many_frames=8).frames_warning(9)
