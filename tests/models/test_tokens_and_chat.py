"""Tokenizer and chat template of a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.dialogue import Question
from napari_medvlm.errors import CheckpointError, QuestionError
from napari_medvlm.models.chat import ChatTemplate, named_tokens, read_template
from napari_medvlm.models.checkpoint import open_checkpoint
from napari_medvlm.models.tokens import Tokens, stop_ids

Copy = Callable[[str], Path]


def test_words_lose_turn_marks_and_pictures_but_keep_boxes(chexone: Any) -> None:
    def harmless(words: str) -> str:
        return str(chexone.user_text(Question(words, mode="instruct")))

    assert harmless("a<|im_end|>b<|image_pad|>c") == "abc"
    assert harmless("<|image_<|im_end|>pad|>d") == "d"
    assert harmless("<|box_start|>(1,2),(3,4)<|box_end|>") == "<|box_start|>(1,2),(3,4)<|box_end|>"
    assert harmless("x < y |> <b>z</b>") == "x < y |> <b>z</b>"


def test_people_see_box_marks_and_no_turn_marks(chexone: Any) -> None:
    ids = chexone.tokens.encode("left <|box_start|>(1,2)<|box_end|> lung<|im_end|>")
    assert chexone.tokens.visible(ids) == "left <|box_start|>(1,2)<|box_end|> lung"
    assert chexone.tokens.decode(ids) == "left (1,2) lung"
    assert chexone.tokens.decode(ids, keep_special=True).endswith("<|im_end|>")


def test_ids_without_a_token_are_nothing(chexone: Any) -> None:
    # The embedding is padded beyond the vocabulary.
    assert chexone.tokens.decode([540, 559]) == ""


def test_stop_ids_are_looked_for_in_three_places(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    tokens = Tokens(open_checkpoint(folder))
    assert stop_ids(open_checkpoint(folder), tokens) == (514, 512)
    (folder / "generation_config.json").unlink()
    assert stop_ids(open_checkpoint(folder), tokens) == (514,)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    del config["eos_token_id"]
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    assert stop_ids(open_checkpoint(folder), tokens) == (514,)
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(CheckpointError, match="No end token"):
        stop_ids(open_checkpoint(folder), tokens)


def test_a_damaged_tokenizer_is_named(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    (folder / "tokenizer.json").write_text('{"version": "1.0"}', "utf-8")
    with pytest.raises(CheckpointError, match="tokenizer"):
        Tokens(open_checkpoint(folder))


def test_a_token_of_the_configuration_must_get_its_id(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8"))
    config["added_tokens_decoder"]["534"] = {"content": "<|new|>", "special": True}
    path.write_text(json.dumps(config), "utf-8")
    assert Tokens(open_checkpoint(folder)).encode("<|new|>") == [534]
    config["added_tokens_decoder"]["900"] = {"content": "<|far|>", "special": True}
    path.write_text(json.dumps(config), "utf-8")
    with pytest.raises(CheckpointError, match="900"):
        Tokens(open_checkpoint(folder))


def test_a_template_file_comes_before_the_others(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    (folder / "chat_template.jinja").write_text("mine", "utf-8")
    assert read_template(open_checkpoint(folder)) == "mine"
    for name in ("chat_template.jinja", "chat_template.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(CheckpointError, match="chat template"):
        read_template(open_checkpoint(folder))


def test_a_template_runs_in_a_sandbox() -> None:
    with pytest.raises(CheckpointError, match="refused"):
        ChatTemplate("{{ ''.__class__.__mro__[1].__subclasses__() }}").render([])
    with pytest.raises(CheckpointError, match="refused"):
        ChatTemplate("{{ messages.append(1) }}").render([])


def test_a_template_may_refuse_and_may_be_broken() -> None:
    with pytest.raises(CheckpointError, match="no pictures"):
        ChatTemplate("{{ raise_exception('no pictures') }}").render([])
    with pytest.raises(CheckpointError, match="cannot be read"):
        ChatTemplate("{% for %}").check()


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'A' * (10 ** 10) }}",
        "{{ 'a' | center(10 ** 10) }}",
        "{{ '%9999999999d' % 1 }}",
        "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}"
        "{% endfor %}",
        "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 1 // 0 }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    ],
)
def test_a_template_that_asks_for_too_much_is_refused(source: str) -> None:
    with pytest.raises(CheckpointError, match="chat template"):
        ChatTemplate(source).render([])


def test_a_template_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_medvlm.models.chat.MOST_SECONDS", 0.5)
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    template = ChatTemplate("{% if messages %}" + endless + "{% endif %}ok")
    with pytest.raises(CheckpointError, match="takes more than"):
        template.render([{}])
    monkeypatch.setattr("napari_medvlm.models.chat.MOST_SECONDS", 20.0)
    assert template.render([]) == "ok"  # a new process
    template.close()


def test_words_that_are_no_text_are_refused_as_such(copy_of: Copy) -> None:
    tokens = Tokens(open_checkpoint(copy_of("chexone")))
    with pytest.raises(QuestionError, match="U\\+DCFF"):
        tokens.encode("is it \udcff normal?")


def test_an_end_token_may_be_written_as_its_text(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    (folder / "generation_config.json").write_text('{"eos_token_id": "<|im_end|>"}', "utf-8")
    checkpoint = open_checkpoint(folder)
    assert stop_ids(checkpoint, Tokens(checkpoint)) == (514,)
    (folder / "generation_config.json").write_text('{"eos_token_id": ["</s>"]}', "utf-8")
    checkpoint = open_checkpoint(folder)
    with pytest.raises(CheckpointError, match=r"generation_config\.json"):
        stop_ids(checkpoint, Tokens(checkpoint))


def test_json_in_a_template_is_not_escaped_for_web_pages() -> None:
    text = ChatTemplate("{{ messages | tojson }}").render([{"role": "a<b>é"}])
    assert text == '[{"role": "a<b>é"}]'


def test_a_template_writes_special_tokens_by_their_names(copy_of: Copy) -> None:
    names = named_tokens(open_checkpoint(copy_of("chexone")))
    assert names["eos_token"] == "<|im_end|>"
    assert ChatTemplate("{{ eos_token }}", names).render([]) == "<|im_end|>"
    folder = copy_of("medvlm_r1")
    (folder / "special_tokens_map.json").write_text('{"sep_token": {"content": "<sep>"}}', "utf-8")
    assert named_tokens(open_checkpoint(folder))["sep_token"] == "<sep>"


def test_a_name_that_nobody_gives_is_tested_but_never_written_as_nothing() -> None:
    assert ChatTemplate("{% if enable_thinking %}x{% endif %}ok").render([]) == "ok"
    assert ChatTemplate("{{ messages[0].name }}ok").render([{"role": "user"}]) == "ok"
    for source in ("{{ eos_token }}", "{{ 'x' ~ sep }}", "{{ 'x' + sep }}"):
        with pytest.raises(CheckpointError, match="is undefined"):
            ChatTemplate(source).render([])


def test_marks_of_trainers_and_the_date_are_known_to_templates() -> None:
    assert ChatTemplate("{% generation %}yes{% endgeneration %}").render([]) == "yes"
    assert ChatTemplate("{{ strftime_now('%Y') }}").render([]).isdigit()
