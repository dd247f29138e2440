"""A project whose model folder rules tokens out: the same law draws, scores, trains and compares over two rounds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rsf_core.domain.settings import Sampling
from rsf_core.models import Part
from rsf_core.project import Project, doctor
from rsf_core.web import session

pytestmark = pytest.mark.usefixtures("jobs_in_threads")


@pytest.fixture(scope="module")
def asking(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A model that asks for a mask and a penalty, and the tokens that it rules out: a third of the vocabulary."""
    folder = shutil.copytree(tiny_model, tmp_path_factory.mktemp("asking") / "model")
    path = folder / "generation_config.json"
    ruled_out = [token for token in range(2, 250) if token % 3 == 0]
    config = json.loads(path.read_text()) | {"suppress_tokens": ruled_out, "repetition_penalty": 1.3}
    path.write_text(json.dumps(config))
    return folder, ruled_out


def test_the_masks_hold_from_the_draw_to_the_next_round(
    tmp_path: Path, small_task: Path, asking: tuple[Path, list[int]]
) -> None:
    folder, ruled_out = asking
    with Project.create(tmp_path / "p", str(small_task), str(folder), seed=7) as project:
        without = project._project_state.evaluation_key(project.settings.target)
        project.set("generate.model_masks", "true")
        assert project._project_state.evaluation_key(project.settings.target) != without
        project.run(2)
        for number in (1, 2):
            rows = project.store.candidates_to_score(number, ["nothing has scored this"]).to_pylist()
            assert len(rows) == 32 and not any(set(row["token_ids"]) & set(ruled_out) for row in rows)
        assert set(project.candidates(2, 2)[0].scores) == {"sentiment", "log_prob:base"}
        comparison = project.comparison(2)
        assert (
            comparison is not None and abs(comparison.base["KL to base"].value) < 1e-3
        )  # drawn and scored by the same law
        for model_id in ("base", "m1-1", "m2-1"):
            assert [(one.name, one.part) for one in project.lineage.law(model_id)] == [
                ("suppress_tokens", Part.LAW),
                ("repetition_penalty", Part.NOT_APPLIED),
            ]
        project.set("generate.model_masks", "false")
        assert project._project_state.evaluation_key(project.settings.target) == without
        assert project.lineage.law("base")[0].part is Part.OFF


def test_the_models_page_lists_what_the_folder_asks_for_with_its_value(
    tmp_path: Path, small_task: Path, asking: tuple[Path, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.create(tmp_path / "p", str(small_task), str(asking[0]), seed=7) as project:
        project.generate(then_score=False)
        project.wait()
        monkeypatch.setattr(session, "_project", project)
        app = AppTest.from_file(str(Path(session.__file__).with_name("shell.py")), default_timeout=60)
        app.switch_page("../../pages/models.py").run()
        assert not app.exception
        (table,) = [frame.value for frame in app.dataframe if "how it is handled" in frame.value]
        assert table.set_index("")["value"]["repetition_penalty"] == "1.3"
        assert table.set_index("")["how it is handled"]["repetition_penalty"] == "not applied"
        project.set("target.reference", "proposal")
        project.set("target.tempered", "false")
        project.set("generate.temperature", "0.7")
        app.switch_page("../../pages/generate.py").run()
        assert not app.exception and any(
            "sharper even if nothing is selected" in warning.value for warning in app.warning
        )
        (masks,) = [box for box in app.checkbox if "settings exclude" in box.label]
        masks.check()
        next(button for button in app.button if button.label == "Save settings").click().run()
        assert not app.exception and project.settings.generate.model_masks


def test_the_doctor_names_what_is_not_applied_with_its_value(
    tmp_path: Path, small_task: Path, asking: tuple[Path, list[int]]
) -> None:
    with Project.create(tmp_path / "p", str(small_task), str(asking[0]), seed=7):
        pass

    def law() -> doctor.Check:
        return next(check for check in doctor.examine(tmp_path / "p") if check.name == "law of the model")

    assert law().ok and "not applied: repetition_penalty 1.3" in law().detail
    assert "generate.model_masks makes it part of the law: suppress_tokens [3, 6, 9," in law().detail
    (asking[0] / "generation_config.json").write_text("{")
    assert not law().ok and "generation_config.json is not JSON" in law().detail


def test_what_was_kept_before_there_were_masks_keeps_its_name() -> None:
    assert "model_masks" not in Sampling().model_dump() and "model_masks" not in Sampling().model_dump_json()
    assert Sampling(model_masks=True).model_dump()["model_masks"] is True
