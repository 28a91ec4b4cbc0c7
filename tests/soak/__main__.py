"""`make soak`: campaigns of kills at random instants and at every step, resumable; results in docs/soak/kills.jsonl.

Each trial is one line, written when it has ended. Trials that the file holds already are not made again, so the
soak may be stopped at any time. Ends with 1 when any trial, new or old, found a problem.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

#: Kills at random instants by campaign: 200 in all, and some whole runs through Dagster.
KILLS = {"landing": 80, "publication": 70, "dbt": 50, "run": 20, "range": 20}


def main() -> int:
    """Make the trials that are not in the results yet; answers the exit code."""
    from campaigns import CAMPAIGNS, Campaign, Trial, worker

    words = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    words.add_argument("--results", type=Path, default=ROOT / "docs" / "soak" / "kills.jsonl")
    words.add_argument("--campaign", choices=list(CAMPAIGNS), action="append", help="Only these; may be repeated.")
    words.add_argument("--kills", type=int, help="Random kills of each campaign. Default: 200 in all.")
    given = words.parse_args()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    done = {(t["campaign"], t["kind"], t["number"]) for t in results(given.results)}
    ended = {t["campaign"] for t in results(given.results) if t["kind"] == "step" and not t["killed"]}

    def keep(trial: Trial) -> None:
        with given.results.open("a", encoding="utf-8") as stream:
            stream.write(trial.to_json() + "\n")
        shown = "; ".join(trial.problems) or "as undisturbed after the next run"
        sys.stderr.write(f"{trial.campaign} {trial.kind} {trial.number}: left {trial.found}; {shown}\n")

    for name in given.campaign or KILLS:
        wanted = [n for n in range(given.kills or KILLS[name]) if (name, "instant", n) not in done]
        if not wanted and (name in ended or name == "dbt"):
            continue
        with tempfile.TemporaryDirectory(prefix="pingan-soak-") as folder, worker() as own:
            began = time.monotonic()
            campaign = Campaign(name, Path(folder), own)
            sys.stderr.write(f"{name}: prepared in {time.monotonic() - began:.0f} s, a run {campaign.seconds:.1f} s\n")
            step = 1
            while name not in ended and name != "dbt":  # dbt's own steps are its own; random instants meet them
                if (name, "step", step) not in done:
                    trial = campaign.kill_at(step)
                    keep(trial)
                    if not trial.killed:
                        break
                step += 1
            for number in wanted:
                keep(campaign.random_kill(number))
    return summary(results(given.results))


def results(path: Path) -> list[dict[str, Any]]:
    """Trials made so far; a line that a stop cut short is not one."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def summary(trials: list[dict[str, Any]]) -> int:
    """Counts by campaign, on the screen; 1 when there was any problem."""
    counts = Counter((t["campaign"], t["kind"]) for t in trials if t["killed"])
    for (campaign, kind), number in sorted(counts.items()):
        sys.stdout.write(f"{campaign}: {number} kills ({kind})\n")
    problems = [t for t in trials if t["problems"]]
    sys.stdout.write(f"{sum(counts.values())} kills, {len(problems)} with a problem\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
