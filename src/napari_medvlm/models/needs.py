"""The files that each family reads beside its weights, for loaders and for looks at a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PREPROCESSOR = "preprocessor_config.json"
#: What transformers 5 writes in place of both.
PROCESSOR = "processor_config.json"
VIDEO_PREPROCESSOR = "video_preprocessor_config.json"
#: Alternatives; those joined by ``+`` go together.
TOKENIZER_FILES = ("tokenizer.json", "vocab.json+merges.txt")
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")

#: By family, the groups that :func:`napari_medvlm.models.checkpoint.require_files` takes.
NEEDED: Mapping[str, Sequence[Sequence[str]]] = {
    "qwen_vl": ((PREPROCESSOR, PROCESSOR), TOKENIZER_FILES, TEMPLATE_FILES),
    "internvl": ((PREPROCESSOR, PROCESSOR), TOKENIZER_FILES),
}
