"""The profiles of the Qwen-VL checkpoints: CheXOne, MedVLM-R1, the demo model, and unknown ones.

Sources: the quick starts and evaluation scripts of CheXOne and MedVLM-R1, and the instruction
set of CheXagent, which CheXOne's training data were built from.
"""

from __future__ import annotations

from ..contracts import InputContract
from ..profiles import ASK, Profile, Task

#: Doubled braces are what the model saw: the training data came from a raw string.
BOXED_SUFFIX = " Please reason step by step, and put your final answer within \\boxed{{}}."

CHEXONE_BOX_FORMAT = (
    "\nOutput format:\n<|ref|>target name<|/ref|><|box|>(x1,y1),(x2,y2)<|/box|>\n"
    "Example: <|ref|>pneumothorax<|/ref|><|box|>(12,60),(18,87)<|/box|>\n"
)

CHEXONE_TASKS = (
    ASK,
    Task("findings", "Findings section", "Write an example findings section for the CXR."),
    Task("impression", "Impression section", "Write an example impression section for the CXR."),
    Task(
        "findings_indication",
        "Findings section, with the indication",
        'Given the indication: "{text}", write a structured findings section for the CXR.',
    ),
    Task(
        "view",
        "Which view",
        "What is the view of this chest X-ray? Options: (a) PA, (b) AP, (c) LATERAL",
    ),
    Task("locate", "Locate a phrase", "Please locate the following phrase: {text}", locates=True),
    Task(
        "locate_disease",
        "Locate a disease",
        "Locate areas in the chest X-ray where {text} are present, using bounding box coordinates",
        locates=True,
    ),
    Task(
        "locate_tubes",
        "Locate chest tubes",
        "Locate chest tubes and specify their positions with bounding box coordinates",
        locates=True,
    ),
    Task(
        "locate_fractures",
        "Locate rib fractures",
        "Locate rib fractures and specify their positions with bounding box coordinates",
        locates=True,
    ),
)

#: Some of the wordings that the toy was trained on, see ``demo.wordings``.
DEMO_TASKS = (
    ASK,
    Task("modality", "Modality and body part", "Which modality and body part is this?"),
    Task("presence", "Is there a finding", "Is there a nodule or lesion?"),
    Task("where", "Where is it", "Where is the nodule or lesion?", locates=True),
    Task("side", "Which side", "Which side is the nodule or lesion on?"),
    Task("images", "On which images", "Which images show the nodule or lesion?"),
    Task("size", "How large", "How large is the nodule or lesion in mm?"),
    Task("findings", "Findings", "Describe the findings."),
    Task("region", "What is in the region", "What is in this region?"),
    Task("direction", "Which way (of a clip)", "Which way does the structure move?"),
)

_R1_HEAD = (
    "\n    {text} \n"
    "    Your task: \n"
    "    1. Think through the question step by step, "
    "enclose your reasoning process in <think>...</think> tags. \n"
)
_R1_TAIL = "    3. No extra information or text outside of these tags.\n    "
R1_CHOICE = (
    _R1_HEAD + "    2. Then provide the correct single-letter choice (A, B, C, D,...) "
    "inside <answer>...</answer> tags.\n" + _R1_TAIL
)
#: The model was trained on options only. Without any, a demand for a letter would make it
#: invent options, so the same frame asks for the answer itself.
R1_OPEN = _R1_HEAD + "    2. Then provide the answer inside <answer>...</answer> tags.\n" + _R1_TAIL
R1_SHORT = (
    "\n    {text} \n    Your task: provide the correct single-letter choice (A, B, C, D,...).\n    "
)

_SIDES = "sides become multiples of 28 pixels, the shape is kept"

CHEXONE = Profile(
    name="chexone",
    title="CheXOne",
    family="qwen_vl",
    parser="chexone",
    box_system="percent_100",
    contract=InputContract(
        trained_on="Chest radiographs, frontal and lateral, one or several of one patient.",
        subject="chest radiographs",
        modalities=("CR", "DX", "XR"),
        body_part="CHEST",
        kinds=("images",),
        # A frontal and a lateral view. Its training context of 4,096 tokens holds 11 images.
        max_frames=2,
        context_frames=11,
        resize=f"{_SIDES}, the area is at most 512 × 512",
    ),
    tasks=CHEXONE_TASKS,
    reasoning="{text}" + BOXED_SUFFIX,
    choices_head=" Options:\n",
    locate_format=CHEXONE_BOX_FORMAT,
    region_style="percent",
    max_pixels=512 * 512,
    video_max_pixels=50176,
    kv_bytes_per_token=36 * 1024,
)

MEDVLM_R1 = Profile(
    name="medvlm-r1",
    title="MedVLM-R1",
    family="qwen_vl",
    parser="medvlm_r1",
    box_system="norm_1000",
    contract=InputContract(
        trained_on="Multiple-choice questions about one MRI image; also measured on CT and X-ray.",
        subject="MRI",
        modalities=("MR",),
        measured=("CT", "CR", "DX", "XR"),
        kinds=("images",),
        max_frames=1,
        options_only=True,
        several_turns=False,
        resize=f"{_SIDES}, the area is at most 1280 tokens of 28 × 28 pixels",
    ),
    reasoning=R1_CHOICE,
    reasoning_open=R1_OPEN,
    choice_instruct=R1_SHORT,
    choice_line="{letter}) {option}",
    region_style="norm_1000",
    # Training allowed 12,845,056 pixels; a large radiograph would take thousands of tokens.
    max_pixels=1280 * 28 * 28,
    repetition_penalty=1.0,
    kv_bytes_per_token=28 * 1024,
)

DEMO = Profile(
    name="demo",
    title="demo (toy)",
    family="qwen_vl",
    parser="demo",
    box_system="norm_1000",
    contract=InputContract(
        trained_on="Synthetic phantoms made by this program; a toy for trying it out.",
        subject="synthetic phantoms of CT, MRI, radiographs and ultrasound",
        modalities=("CT", "MR", "CR", "DX", "XR", "US"),
        kinds=("images", "video"),
        planes=("axial",),
        max_frames=11,
        resize="about 140 × 140 pixels, the shape is kept",
        regions=True,
        several_turns=False,
        caution=(
            "toy",
            "This toy was trained on this program's synthetic phantoms alone; what it says about "
            "anything else means nothing.",
        ),
    ),
    tasks=DEMO_TASKS,
    reasoning="{text} Think first.",
    choice_line="{letter}) {option}",
    region_style="demo",
    add_vision_id=True,
    video_fps=2.0,
    max_new_tokens=512,
)

_UNKNOWN = "Not known: this checkpoint is not in the catalog."

QWEN2_5_VL = Profile(
    name="qwen2.5-vl",
    title="Qwen2.5-VL checkpoint",
    family="qwen_vl",
    parser="qwen2_5_vl",
    box_system="abs_resized",
    contract=InputContract(
        trained_on=_UNKNOWN,
        known=False,
        kinds=("images", "video"),
        max_frames=64,
        resize=_SIDES,
    ),
    reasoning=CHEXONE.reasoning,
    choices_head=" Options:\n",
    region_style="abs_resized",
)

QWEN2_VL = Profile(
    name="qwen2-vl",
    title="Qwen2-VL checkpoint",
    family="qwen_vl",
    parser="qwen2_vl",
    box_system="norm_1000",
    contract=InputContract(
        trained_on=_UNKNOWN,
        known=False,
        kinds=("images", "video"),
        max_frames=64,
        resize=_SIDES,
    ),
    reasoning=R1_CHOICE,
    reasoning_open=R1_OPEN,
    choice_instruct=R1_SHORT,
    choice_line="{letter}) {option}",
    region_style="norm_1000",
)

PROFILES = (CHEXONE, MEDVLM_R1, DEMO, QWEN2_5_VL, QWEN2_VL)
#: What a folder is read as where nothing says more than its layout.
BY_LAYOUT = {"qwen2_5_vl": QWEN2_5_VL, "qwen2_vl": QWEN2_VL}
