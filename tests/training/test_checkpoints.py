"""An interrupted run continues to the same losses, whatever interrupted it; the recipe's options do what they promise."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rsf_core.domain import JobKind, JobState
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.settings import Train
from rsf_core.jobs import process
from rsf_core.project import Project
from rsf_core.training import checkpoints
from rsf_core.training.base import StepMetrics
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune
from tests.support import warm
from tests.support.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 4), (20 + i, 30, 40 + i, 1), log_q=-20.0) for i in range(16)]
RECIPE = Train(epochs=4, learning_rate=5e-3, rank=4, batch_size=4, checkpoint_seconds=0)


def run(model: Path, recipe: Train = RECIPE, stop_after: int = 10**9, **more):
    """The result and the steps' metrics of a run that is asked to stop after `stop_after` steps."""
    steps: list[StepMetrics] = []
    result = finetune(
        more.pop("samples", SAMPLES), model, recipe, steps.append, lambda: len(steps) >= stop_after, **more
    )
    return result, steps


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("stop_after", [1, 5, 8])
def test_a_stopped_run_goes_on_to_the_same_losses_and_weights(any_model, tmp_path, method, stop_after):
    recipe = RECIPE.model_copy(update={"method": method, "held_out_share": 0.3, "patience": 9})
    whole, expected = run(any_model, recipe)
    path = tmp_path / "checkpoint.safetensors"
    stopped, first = run(any_model, recipe, stop_after, checkpoint=path)
    resumed, rest = run(any_model, recipe, checkpoint=path)
    assert stopped is None and len(first) == stop_after
    assert [s.step for s in first + rest] == [s.step for s in expected]
    assert [s.loss for s in first + rest] == pytest.approx([s.loss for s in expected], abs=1e-5)
    assert [s.held_out_loss for s in first + rest] == [s.held_out_loss for s in expected]
    for a, b in zip(whole[0].parameters(), resumed[0].parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


@pytest.mark.parametrize("damage", ["empty", "cut off", "no header", "no state"])
def test_a_damaged_checkpoint_is_refused_by_name(tiny_model, tmp_path, damage):
    path = tmp_path / "checkpoint.safetensors"
    run(tiny_model, stop_after=2, checkpoint=path)
    if damage == "no state":
        save_file(load_file(path), path)
    else:
        content = path.read_bytes()
        path.write_bytes({"empty": b"", "cut off": content[:-100], "no header": b"\xff" * 64 + content[64:]}[damage])
    with pytest.raises(JobError, match=r"checkpoint\.safetensors is damaged: delete it and start the job again"):
        run(tiny_model, checkpoint=path)


def test_a_checkpoint_of_another_recipe_is_refused(tiny_model, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    run(tiny_model, stop_after=2, checkpoint=path)
    with pytest.raises(JobError, match="of another model or recipe"):
        run(tiny_model, RECIPE.model_copy(update={"rank": 8}), checkpoint=path)


def test_a_checkpoint_without_its_best_weights_is_refused(tiny_model, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    recipe = RECIPE.model_copy(update={"held_out_share": 0.3, "patience": 9})
    run(tiny_model, recipe, 5, checkpoint=path)
    (tmp_path / "best-checkpoint.safetensors").unlink()
    with pytest.raises(JobError, match=r"best-checkpoint\.safetensors is gone"):
        run(tiny_model, recipe, checkpoint=path)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path):
    """A file may grow to 64 KiB in the process that saves: the second checkpoint doesn't fit, as on a full disk."""
    path = tmp_path / "c.safetensors"
    code = f"""
import resource, signal, torch
from pathlib import Path
from rsf_core.domain.errors import OutOfSpaceError
from rsf_core.training import checkpoints
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
for step, size in ((1, 3), (2, 100_000)):
    parameters = [torch.nn.Parameter(torch.ones(size))]
    try:
        checkpoints.save(Path({str(path)!r}), parameters, torch.optim.AdamW(parameters), {{"step": step}})
    except OutOfSpaceError as error:
        print("said:", error)
"""
    done = warm.run([sys.executable, "-c", code], timeout=240, computes=True)
    assert "said: the disk is full" in done.stdout, done.stderr
    parameters = [torch.nn.Parameter(torch.zeros(3))]
    assert checkpoints.load(path, parameters, torch.optim.AdamW(parameters)) == {"step": 1}
    assert parameters[0].tolist() == [1, 1, 1] and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_too_little_memory_names_the_settings_to_change(tiny_model):
    """The address space of the training process may grow only a little, so torch's own allocator fails."""
    code = f"""
import resource
from pathlib import Path
from rsf_core.domain.errors import JobError
from rsf_core.domain.settings import Train
from rsf_core.training.sft import finetune
from rsf_core.training.samples import TrainingSample
samples = [TrainingSample((1, 2, 3), tuple(range(5, 200))) for _ in range(4096)]
recipe = Train(epochs=1, batch_size=1024)
first = Train(epochs=1, batch_size=1)
finetune(samples[:1], Path({str(tiny_model)!r}), first, lambda step: None)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 27),) * 2)
try:
    finetune(samples, Path({str(tiny_model)!r}), recipe, lambda step: None)
except JobError as error:
    print("said:", error)
"""
    done = warm.run([sys.executable, "-c", code], timeout=240, computes=True)
    assert "said: out of memory at step 1: raise train.accumulate (now 1)" in done.stdout, done.stderr


def test_a_step_in_parts_is_the_same_step(tiny_model):
    _, whole = run(tiny_model)
    _, parts = run(tiny_model, RECIPE.model_copy(update={"accumulate": 3}))
    assert [s.loss for s in parts] == pytest.approx([s.loss for s in whole], abs=1e-4)


def test_all_weights_can_be_trained_and_bf16_stays_near_fp32(tiny_model):
    _, lora = run(tiny_model)
    (model, _), full = run(tiny_model, RECIPE.model_copy(update={"method": "full", "learning_rate": 1e-3}))
    assert all(parameter.dtype is torch.float32 for parameter in model.parameters())
    assert full[-1].loss < full[0].loss and lora[-1].loss < lora[0].loss
    (model, _), low = run(tiny_model, RECIPE.model_copy(update={"precision": "bf16"}))
    assert all(parameter.dtype is torch.float32 for parameter in model.parameters())
    assert low[0].loss == pytest.approx(lora[0].loss, rel=0.02) and low[0].loss != lora[0].loss


def test_the_rsf_loss_is_the_nll_shifted_and_trains_alike(tiny_model):
    _, nll = run(tiny_model)
    _, rsf = run(tiny_model, RECIPE.model_copy(update={"loss": "rsf"}), log_m=3.0)
    shift = (-20.0 + 3.0) * 4 / 16  # four samples of four tokens per step
    assert [s.loss for s in rsf] == pytest.approx([s.loss + shift for s in nll], abs=1e-4)


def test_the_growth_bound_stops_pushing_what_has_grown_enough(tiny_model):
    done = [TrainingSample(s.prompt_token_ids, s.token_ids, log_q=-1000.0) for s in SAMPLES]
    _, beyond = run(tiny_model, RECIPE.model_copy(update={"growth_bound": 2.0}), samples=done)
    assert [s.grad_norm for s in beyond] == [0.0] * len(beyond)  # all exceed twice e^−1000 from the start
    free = [TrainingSample(s.prompt_token_ids, s.token_ids, log_q=0.0) for s in SAMPLES]
    _, bounded = run(tiny_model, RECIPE.model_copy(update={"growth_bound": 2.0}), samples=free)
    _, plain = run(tiny_model)
    assert [s.loss for s in bounded] == pytest.approx([s.loss for s in plain], abs=1e-5)


def test_early_stopping_ends_after_patience_and_keeps_the_best(tiny_model):
    recipe = RECIPE.model_copy(update={"epochs": 30, "learning_rate": 5e-2, "held_out_share": 0.4, "patience": 2})
    _, steps = run(tiny_model, recipe)
    judged = [s.held_out_loss for s in steps if s.held_out_loss is not None]
    assert len(judged) < 30 and min(judged) < min(judged[-2:])


def test_one_sample_and_a_set_of_another_tokenizer(tiny_model):
    result, steps = run(tiny_model, samples=SAMPLES[:1])
    assert result is not None and len(steps) == 4
    foreign = [TrainingSample((0, 5), (10**6, 1))]
    with pytest.raises(StageError, match=r"has the token 1000000, and this model knows \d+: .* another tokenizer"):
        run(tiny_model, samples=foreign)


@pytest.mark.timeout(240)
def test_a_training_job_killed_at_random_steps_ends_with_the_same_loss(project: Project):
    """Each time the real process has written a checkpoint, it gets kill −9; it is restarted automatically."""
    for key, value in (("epochs", "12"), ("batch_size", "2"), ("checkpoint_seconds", "0")):
        project.set(f"train.{key}", value)
    project.generate()
    project.wait()
    project.freeze()
    project.finetune(then_evaluate=False)
    project.wait()
    expected = losses(project, 0)
    assert len(expected) > 20 and all(math.isfinite(loss) for loss in expected)
    job_id = project.finetune(then_evaluate=False)
    spool = project.folder / "spool" / job_id
    kills = 0
    while (job := project.store.job(job_id)).state in (JobState.QUEUED, JobState.RUNNING):
        written = spool / "checkpoint.safetensors"
        if kills < 2 and written.exists() and process.is_alive(spool):
            time.sleep(0.05 * (1 + kills))
            process.kill(spool)
            kills += 1
            until(lambda: not process.is_alive(spool))
        time.sleep(0.02)
    assert kills == 2 and job.state is JobState.DONE, job.message
    assert losses(project, 1) == pytest.approx(expected, abs=1e-5)
    assert not list(spool.glob("*checkpoint*"))


def losses(project: Project, number: int) -> list[float]:
    job = [job for job in project.jobs() if job.kind is JobKind.FINETUNE][number]
    return [value for _, name, value in sorted(project.metrics(job)) if name == "loss"]
