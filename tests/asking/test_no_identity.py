"""Nothing that tells who a patient is reaches the journal, the exports or the log."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_medvlm.asking import ModelOffer, Part, Session
from napari_medvlm.asking.choose.labels import layer_label
from napari_medvlm.asking.choose.parts import gather
from napari_medvlm.asking.details import details
from napari_medvlm.asking.talk.exporting import account_of
from napari_medvlm.asking.talk.keeping import Keeper
from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Question
from napari_medvlm.engine import ModelChoice
from napari_medvlm.imaging import Selection, Volume, read
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.records import Journal
from napari_medvlm.records.exporting import WRITERS
from widgets.fakes import FakeThread, events_of, reply

NAMES = (
    "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName",
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName",
    "NameOfPhysiciansReadingStudy", "RequestingPhysician",
)  # fmt: skip
WORDS = (
    "PatientID", "OtherPatientIDs", "PatientAddress", "PatientTelephoneNumbers",
    "PatientComments", "AdditionalPatientHistory", "EthnicGroup", "Occupation",
    "AccessionNumber", "StudyID", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "StationName", "DeviceSerialNumber", "StudyDescription",
    "SeriesDescription", "ProtocolName", "ImageComments", "RequestedProcedureDescription",
    "MedicalRecordLocator", "MilitaryRank", "CountryOfResidence", "IssuerOfPatientID",
)  # fmt: skip
DATES = {
    "PatientBirthDate": "19340229", "StudyDate": "20310228", "SeriesDate": "20310227",
    "AcquisitionDate": "20310226", "ContentDate": "20310225", "StudyTime": "031415.926535",
}  # fmt: skip
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


def _named_series(folder: Path) -> tuple[str, ...]:
    """Three slices of the sample series, with everything in them that tells who it is."""
    told: dict[str, str] = {}
    for number, name in enumerate(NAMES):
        told[name] = f"Qxname{number}^Jane"
    for number, name in enumerate(WORDS):
        told[name] = f"QX{number}WORD"
    for number, name in enumerate(UIDS):
        told[name] = f"1.2.826.0.1.3680043.8.498.77{number}77"
    told |= DATES
    folder.mkdir(parents=True)
    for source in sorted(sample_path("chest_ct").iterdir())[10:13]:
        dataset = pydicom.dcmread(source)
        for name, value in told.items():
            setattr(dataset, name, value)
        dataset.add_new(0x00091010, "LO", "QXPRIVATE")
        dataset.save_as(folder / f"Qxfile_{source.name}")
    values = {part for value in told.values() for part in value.split("^") if part != "Jane"}
    return (*values, "QXPRIVATE", "Qxfile", folder.name)


def test_no_patient_can_be_found_in_what_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = _named_series(tmp_path / "Qxfolder_Doe")
    (source,) = read(tmp_path / "Qxfolder_Doe")
    np.save(tmp_path / "Qxfile_Doe.npy", np.arange(2 * 8 * 8).reshape(2, 8, 8))
    (other,) = read(tmp_path / "Qxfile_Doe.npy")
    assert isinstance(source, Volume)
    assert isinstance(other, Volume)
    # Both are on the screen by names that may be a patient's, as layers of these names.
    titles = (source.title, other.title)
    assert titles == ("QX16WORD", "Qxfile_Doe.npy")
    frames = gather(
        [
            Part(one, Selection((0,), "acquired"), layer_label(one.title, one, titles=titles), key)
            for key, one in enumerate((source, other))
        ]
    )
    path = tmp_path / "kept" / "journal.sqlite"
    session = Session(FakeThread(events_of(reply())), Keeper(path))
    offer = ModelOffer("a model", ModelChoice("nowhere", profile="demo"), PROFILES["demo"])
    session.keeper.seek(source.identity or "", tmp_path / "Qxfolder_Doe")
    session.ask(Question("where is the nodule?", frames), offer)
    session.pump()
    session.keeper.wait()
    with Journal(path) as journal:  # still open: what is in the write-ahead log counts too
        kept = journal.exchanges(1)
        accounts = [account_of(one) for one in kept]
        exports = [writer("Conversation 1", accounts) for writer in WRITERS.values()]
    files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    session.keeper.close()
    session.keeper.wait()
    files["closed"] = path.read_bytes()
    assert any(b"where is the nodule?" in content for content in files.values())  # it is plain
    out = capfd.readouterr()
    everything = [*files.values(), *(text.encode() for text in exports)]
    everything += [details(one).text().encode() for one in (source, other)]
    everything += [repr(one).encode() for one in (source, other)]
    everything += [caplog.text.encode(), out.out.encode(), out.err.encode()]
    assert len(kept[0].question.frames) == 2
    found = {
        secret
        for secret in secrets
        for content in everything
        for written in (secret.encode(), secret.encode("utf-16-le"))
        if written.lower() in content.lower()
    }
    assert found == set()
