"""Images that are projections: each is an image of its own and no slice of a volume."""

from __future__ import annotations

from .frame_roles import Axis
from .header import ImageHeader

#: Modalities whose images are projections through the body, or pictures of it.
_MODALITIES = frozenset((
    "CR", "DX", "MG", "IO", "PX", "RG", "XA", "RF", "XC", "ES", "GM", "US", "IVUS", "OP",
))  # fmt: skip
#: Modalities whose images without a position are slices all the same.
_SLICED = frozenset(("CT", "MR", "PT", "NM"))
#: SOP classes of projections (PS3.4 B.5): CR, DX, mammography and intra-oral with the variants
#: for processing, angiography and fluoroscopy, RT images.
_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.3", "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.12.2", "1.2.840.10008.5.1.4.1.1.481.1",
)  # fmt: skip


def stands_alone(header: ImageHeader) -> bool:
    """Whether an image is a projection, or a picture without a place."""
    if header.role.axis is Axis.ALONE:
        return True
    name = header.traits.sop_class
    if any(name in (known, f"{known}.1") for known in _CLASSES):
        return True
    if header.position is not None:
        return False
    if header.modality in _MODALITIES:
        return True
    if header.modality == "NM" and header.frame is None:
        # Views of a gamma camera, unless they were reconstructed (PS3.3 C.8.4.9.1.1).
        return not any(word.startswith("RECON") for word in header.traits.words)
    return header.location is None and header.modality not in _SLICED
