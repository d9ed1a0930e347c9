"""Names of windows that can be kept: the words of radiology, and no others.

WindowCenterWidthExplanation (0028,1055) and LUTExplanation (0028,3003) are free text. What
scanners write there is worth showing; what people write there may be anybody's name.
"""

from __future__ import annotations

import re

#: Words that scanners, workstations and their presets use.
_WORDS = """
abdomen adc air algo all angio auto bit bits blood body bone brain breast broad cardiac chest
contrast coronary ct cta default dense dwi edge enhanced enhancement exact exposure extremity
face fat film flair fossa full gamma hard harder head heart high hip hu inner ear kidney knee
linear liver log low lung lungs lut max mediastinum medium min mr mri muscle narrow neck
neutral normal original pancreas pelvis perfusion pet posterior preset range raw renal ribs
sharp shoulder sigmoid sinus skin skull smooth soft softer spine spleen standard stroke
subdural suv temporal thorax tissue trauma user value vascular vessel vessels view voi w wide
window wl ww x xr
"""
_KNOWN = frozenset(_WORDS.split())


def known_name(text: str) -> str:
    """The text in lower case where all of its words are known; else nothing.

    Numbers of one or two digits may stand among them ("window 1", "algo2").
    """
    name = text.strip().lower()
    parts = re.findall(r"[a-z]+|\d+|[^\sa-z\d_/&+.,()-]", name)
    fine = all(part in _KNOWN or (part.isdecimal() and len(part) <= 2) for part in parts)
    return name if fine else ""
