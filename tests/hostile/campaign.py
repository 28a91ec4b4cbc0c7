"""The campaign of hostile deliveries: `python tests/hostile/campaign.py --inputs 20000`, part of `make soak`.

Goes on where it was stopped: docs/soak/hostile-deliveries.json holds the next seed, the counts and every fault. Each
block of seeds runs in a process of its own, so that a reader that ends the process is a fault with its seeds, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parents[1] / "docs" / "soak" / "hostile-deliveries.json"
BLOCK = 500


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--inputs", default=20_000, show_default=True, help="Go on until so many deliveries were tried.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Where the counts are kept.")
@click.option("--block", hidden=True, default=-1, help="Run the block from this seed and print its counts.")
def main(inputs: int, results: Path, block: int) -> None:
    """Receive hostile deliveries until the number is reached; exit status 1 when any was a fault."""
    if block >= 0:
        click.echo(json.dumps(run_block(range(block, block + BLOCK))))
        return
    told = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    counts: dict[str, int] = told.get("counts", {})
    faults: list[dict[str, object]] = told.get("faults", [])
    seed = int(told.get("next_seed", 0))
    while seed < inputs:
        command = [sys.executable, str(Path(__file__)), "--block", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            faults.append({"seeds": f"{seed}..{seed + BLOCK - 1}", "fault": f"the process ended: {done.stderr[-300:]}"})
        else:
            answer = json.loads(done.stdout)
            faults += answer.pop("faults")
            for name, count in answer.items():
                counts[name] = counts.get(name, 0) + count
        seed += BLOCK
        results.parent.mkdir(parents=True, exist_ok=True)
        content = {"next_seed": seed, "counts": dict(sorted(counts.items())), "faults": faults}
        results.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        click.echo(f"{seed:,} of {inputs:,} hostile deliveries: {counts}, {len(faults)} faults")
    if faults:
        raise SystemExit(1)


def run_block(seeds: range) -> dict[str, object]:
    """Counts by outcome and the faults of some seeds."""
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    from hostile_deliveries import judge

    counts: dict[str, int] = {}
    faults = []
    for seed in seeds:
        try:
            outcome = judge(seed)
        except Exception as error:
            outcome = "fault"
            faults.append({"seed": seed, "fault": f"{type(error).__name__}: {error}"[:300]})
        counts[outcome] = counts.get(outcome, 0) + 1
    return {**counts, "faults": faults}


if __name__ == "__main__":
    main()
