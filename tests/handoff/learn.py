"""Learn what words weigh in answers, from the lists: `make weights`, after lines were added.

Lines that measure are left out (`lists.learned_from`).
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from escalate.handoff.deciding import Reply
from escalate.handoff.replies import FOLDER, languages
from escalate.handoff.weighing import ORDER, features, fingerprint
from tests.handoff.lists import checksum, learned_from

MOST_FEATURES = 20_000
FEWEST_SEEN = 2  # answers that hold a feature
LOOSENESS = 10.0  # the inverse of the penalty on large weights


def learn(answers: list[tuple[Reply, str]], *, spaced: bool) -> bytes:
    """Return weights in the form that `weighing.Weights` reads: a line of JSON, keys, weights."""
    rows = [list(features(line, spaced=spaced)) for _, line in answers]
    seen = Counter(key for groups in rows for _, keys in groups for key in keys)
    known = sorted(key for key, times in seen.items() if times >= FEWEST_SEEN)
    columns = {key: column for column, key in enumerate(known)}
    cells = [
        (strength, row, columns[key])
        for row, groups in enumerate(rows)
        for strength, keys in groups
        for key in keys
        if key in columns
    ]
    values, at_row, at_column = zip(*cells, strict=True)
    matrix = csr_matrix((values, (at_row, at_column)), shape=(len(rows), len(known)))
    model = LogisticRegression(C=LOOSENESS, max_iter=1000)
    model.fit(matrix, [ORDER.index(meaning) for meaning, _ in answers])
    weights = model.coef_.T
    heaviest = np.sort(np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:MOST_FEATURES])
    scale = float(np.abs(weights).max()) / 127
    about = {
        "spaced": spaced,
        "fingerprint": fingerprint(spaced=spaced),
        "answers": len(answers),
        "checksum": checksum(answers),
        "features": len(heaviest),
        "scale": round(scale, 6),
        "bias": [round(float(bias), 4) for bias in model.intercept_],
    }
    kept = np.array(known, dtype="<u4")[heaviest]
    rounded = np.round(weights[heaviest] / scale).astype(np.int8)
    head = json.dumps(about).encode()
    return b"".join((head, b"\n", kept.tobytes(), rounded.tobytes()))


def main() -> None:
    """Write the weights of the languages named, or of all."""
    for language in sys.argv[1:] or languages():
        data = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        learned = learn(learned_from(language), spaced=data.get("spaced", True))
        (FOLDER / f"{language}.weights").write_bytes(learned)
        head = learned.partition(b"\n")[0].decode()
        sys.stdout.write(f"{language}: {len(learned) // 1024} KiB {head}\n")


if __name__ == "__main__":
    main()
