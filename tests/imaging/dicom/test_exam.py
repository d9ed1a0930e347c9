from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from napari_medvlm.imaging.dicom.header import read_headers

from ..series import image

PIXELS = np.zeros((3, 4), np.int16)


def exam(path, syntax=ExplicitVRLittleEndian, **tags):
    ds = image(PIXELS, **tags)
    ds.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, ds)
    (head,) = read_headers(path)
    return head.exam


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_reader_gives_the_same_digests(tmp_path, syntax):
    tags = {
        "PatientID": "P 1", "PatientBirthDate": "19700102", "StudyDate": "20200102",
        "StudyTime": "101112.5", "AccessionNumber": "A1", "SeriesNumber": 3, "ProtocolName": "P",
        "ContrastBolusAgent": "agent", "IrradiationEventUID": "1.2.3",
    }  # fmt: skip
    assert exam(tmp_path / "a", **tags) == exam(tmp_path / "b", syntax, **tags)


def test_a_name_in_another_script_is_compared_by_its_bytes(tmp_path):
    script = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"]}
    one = exam(tmp_path / "a", PatientName="Yamada^Tarou=山田^太郎", **script)
    same = exam(tmp_path / "b", PatientName="Yamada^Tarou=山田^太郎", **script)
    other = exam(tmp_path / "c", PatientName="Yamada^Tarou=山田^次郎", **script)
    assert one == same
    assert one.name != other.name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"PatientName": "Doe^Jane"}, {"PatientName": "DOE^JANE^^"}),
        ({"PatientID": "4711 "}, {"PatientID": "4711"}),
        ({"StudyTime": "1011"}, {"StudyTime": "101100.000"}),
    ],
)
def test_spelling_makes_no_other_person_or_exam(tmp_path, one, other):
    assert exam(tmp_path / "a", **one) == exam(tmp_path / "b", **other)


@pytest.mark.parametrize("field", ["PatientID", "PatientName", "StudyDate", "AccessionNumber"])
def test_what_is_absent_has_no_digest(tmp_path, field):
    assert exam(tmp_path / "a", **{field: ""}) != exam(tmp_path / "b", **{field: "20200102"})


def test_a_header_holds_no_word_of_identity(tmp_path):
    path = tmp_path / "a"
    exam(path, PatientBirthDate="19700102", AccessionNumber="ACC9", StudyDate="20200102")
    (head,) = read_headers(path)
    told = repr(head.exam)
    assert not any(word in told for word in ("Doe", "SECRET", "1970", "ACC9", "2020"))
