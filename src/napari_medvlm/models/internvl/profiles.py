"""The profiles of the InternVL checkpoints: Fleming-VL, and unknown ones. No torch.

Sources: Fleming-VL's published demonstration script (its reasoning prompt, 11 slices each scaled
by itself, 32 frames) and the InternVL repository (https://github.com/OpenGVLab/InternVL).
"""

from __future__ import annotations

from dataclasses import replace

from ..contracts import InputContract
from ..profiles import Profile

#: To the letter, and followed by the pictures.
REASONING = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant "
    "solves it. The assistant first thinks about the reasoning process in the mind and then "
    "provides the user a concise final answer in a short word or phrase. The reasoning process "
    "and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, "
    "i.e., <think> reasoning process here </think><answer> answer here </answer>\n"
)

_RESIZE = "a square of 448 pixels, the shape is not kept; or tiles of that size"

FLEMING = Profile(
    name="fleming-vl",
    title="Fleming-VL",
    family="internvl",
    parser="internvl",
    box_system="norm_1000",
    contract=InputContract(
        trained_on=(
            "Medical images of many kinds, volumes as 11 axial slices, and videos as 32 frames."
        ),
        subject="medical images of many kinds",
        kinds=("images", "video"),
        volume_planes=("axial",),
        max_frames=11,
        max_video_frames=32,
        # 256 tokens each, of 32,768 that the positions of the language model reach.
        context_frames=120,
        scaling="each slice of a volume from its own minimum to its own maximum",
        slice_scaling="slice_extremes",
        resize=_RESIZE,
        needs_frames=False,
        tiles=True,
        volume_slices=11,
        volume_exact=True,
        clip_choice="segments:32",
    ),
    reasoning=REASONING + "{text}",
    choice_line="{letter}. {option}.",
    region_style="norm_1000",
    repetition_penalty=1.0,
    tokens_per_image=256,
)

FLEMING_8B = replace(
    FLEMING, name="fleming-vl-8b", title="Fleming-VL-8B", kv_bytes_per_token=56 * 1024
)

FLEMING_38B = replace(
    FLEMING, name="fleming-vl-38b", title="Fleming-VL-38B", kv_bytes_per_token=256 * 1024
)

INTERNVL = replace(
    FLEMING,
    name="internvl",
    title="InternVL checkpoint",
    contract=InputContract(
        trained_on="Not known: this checkpoint is not in the catalog.",
        known=False,
        kinds=("images", "video"),
        max_frames=64,
        max_video_frames=64,
        resize=_RESIZE,
        needs_frames=False,
        tiles=True,
        volume_slices=11,
        clip_choice="segments:32",
    ),
    modes=("instruct", "reasoning"),
    default_mode="instruct",
)

PROFILES = (FLEMING_8B, FLEMING_38B, FLEMING, INTERNVL)
#: What a folder is read as where nothing says more than its layout.
BY_LAYOUT = {"internvl_chat": INTERNVL, "internvl": INTERNVL}
