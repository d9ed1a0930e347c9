from __future__ import annotations

import numpy as np

from napari_medvlm.imaging import Volume
from napari_medvlm.imaging.scan import Entry


def test_a_volume_carries_the_pseudonym_of_its_study():
    volume = Volume(np.zeros((1, 2, 2), np.int16), np.eye(4), facts={"format": "DICOM"})

    def opener(*, lazy, progress):
        return volume

    entry = Entry("volume", "CT series 1", (1, 2, 2), opener, lambda: None, study="5f3a90")
    assert entry.open().facts == {"format": "DICOM", "study": "5f3a90"}
    assert volume.facts == {"format": "DICOM"}
    bare = Entry("volume", "CT series 1", (1, 2, 2), opener, lambda: None)
    assert bare.open().facts == {"format": "DICOM"}
