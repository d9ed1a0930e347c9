"""Settings that every test shares: no user settings are read, nothing goes to a network."""

from __future__ import annotations

import os
import tempfile

from hypothesis import HealthCheck, settings

# A busy machine is no failure: examples are small, and no time limit tells anything of them.
settings.register_profile("medvlm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("medvlm")

# napari reads this once, at import: tests never see or touch the user's own settings.
os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.mkdtemp(), "settings.yaml"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Nothing is kept in the user's folder.
os.environ["MEDVLM_JOURNAL"] = "off"
os.environ["MEDVLM_DECLARATIONS"] = "off"
os.environ["MEDVLM_CONFIG"] = os.path.join(tempfile.mkdtemp(), "config")
