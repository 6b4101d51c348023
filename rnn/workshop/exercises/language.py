"""Exercises of the chapter *language*."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np

from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, expect

# ── dates by a program ──────────────────────────────────────────────────────────────────────────────────────────────


def chinese(text):
    """Write one of the five English forms in Chinese."""

    def numeral(n):
        tens, ones = divmod(n, 10)
        digits = " 一二三四五六七八九"
        return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + digits[ones].strip()

    months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    words = [word[:3] for word in re.findall("[a-z]+", text)]
    numbers = [int(digits) for digits in re.findall("[0-9]+", text)]
    year, small = max(numbers), [n for n in numbers if n < 32]
    if len(small) == 1:
        small = [months.index(word) + 1 for word in words if word in months] + small
    month, day = small
    (weekday,) = [week.index(word) for word in words if word in week]
    years = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(year))
    return f"{years}年{numeral(month)}月{numeral(day)}日星期{'一二三四五六日'[weekday]}"


def share(pairs):
    """Return the share of pairs (English, Chinese) in which the whole date is right."""
    return sum(chinese(source) == target for source, target in pairs) / len(pairs)


MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DIGITS = "〇一二三四五六七八九"


def check_dates(work: Subject) -> None:
    """Every number of the calendar, every weekday, every form; then both tests."""
    rng = np.random.default_rng()
    new_year = date(int(rng.choice([2023, 2051, 2079])), 1, 1)  # two days a month: all months, all days up to 31
    edges = [new_year + timedelta(days=n) for n in range(0, 365, 13)] + [date(2007, 12, day) for day in range(8, 32)]
    random = [date(1900, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 109_570, 30)]
    for n, day in enumerate(
        [date(2090, 3, 18), date(2000, 10, 5), date(1930, 5, 20), date(2004, 2, 1), *edges, *random]
    ):
        for form in range(5) if n < 8 else [int(rng.integers(5))]:
            source = _english(day, form)
            came = work("chinese", source)
            otherwise = {key: came for key, forms in _mistakes(day).items() if came in forms}
            expect(f'chinese("{source}")', came, _written(day), otherwise)
    for first, days in ((date(1900, 1, 1), 73_049), (date(2100, 1, 1), 36_524)):
        drawn = [first + timedelta(days=int(n)) for n in rng.integers(0, days, 40)]
        pairs = [(_english(day, int(rng.integers(5))), _written(day)) for day in drawn]
        wrong = {"in-percent": 100.0, "counted": 40, "share-wrong": 0.0}
        expect(f"share(the dates from {first.year} on)", work("share", pairs), 1.0, wrong)
    spoilt = [(source, target[:-1] + "零" if n % 4 == 0 else target) for n, (source, target) in enumerate(pairs)]
    signs = sum(len(target) for _, target in spoilt)
    otherwise = {"by-characters": 1 - 10 / signs, "in-percent": 75.0, "counted": 30, "share-wrong": 0.25}
    expect("share(pairs with ten mistakes in forty)", work("share", spoilt), 0.75, otherwise)


def _english(day: date, form: int) -> str:
    """Write a day in one of the forms; by tables, since `strftime` speaks the language of the machine."""
    month, week = MONTHS[day.month - 1], DAYS[day.weekday()]
    return (
        f"{week}, {month} {day.day}, {day.year}",
        f"{week[:3]} {day.day} {month[:3]} {day.year}",
        f"{day.day} {month} {day.year}, {week}",
        f"{week}, {day.month}/{day.day}/{day.year}",
        f"{day.year}-{day.month:02}-{day.day:02} ({week[:3]})",
    )[form]


def _numeral(n: int, one: str = "", zero: str = "") -> str:
    if n < 10:
        return DIGITS[n]
    return (DIGITS[n // 10] if n > 19 else one) + "十" + (DIGITS[n % 10] if n % 10 else zero)


def _written(
    day: date,
    *,
    digits: str = DIGITS,
    numeral: Callable[[int], str] = _numeral,
    week: str = "一二三四五六日",
    name: str = "星期",
    swapped: bool = False,
) -> str:
    month, number = (day.day, day.month) if swapped else (day.month, day.day)
    year = "".join(digits[int(digit)] for digit in str(day.year))
    return f"{year}年{numeral(month)}月{numeral(number)}日{name}{week[day.weekday()]}"


def _mistakes(day: date) -> dict[str, list[str]]:
    """Return what each mistake makes of a date; some can be made in several ways."""
    whole = _written(day)
    return {
        "other-zero": [_written(day, digits=zero + DIGITS[1:]) for zero in "零○0"],
        "one-ten": [_written(day, numeral=lambda n: _numeral(n, one="一"))],
        "zero-ones": [_written(day, numeral=partial(_numeral, zero=zero)) for zero in "〇零"],
        "digits-only": [_written(day, numeral=lambda n: "".join(DIGITS[int(digit)] for digit in str(n)))],
        "leading-zero": [
            _written(day, numeral=lambda n: DIGITS[0] + DIGITS[n] if n < 10 else _numeral(n)),
            _written(day, numeral=lambda n: "".join(DIGITS[int(digit)] for digit in f"{n:02}")),
        ],
        "sunday": [_written(day, week="一二三四五六" + last) for last in "天七〇"],
        "weekday-shifted": [_written(day, week="二三四五六日一"), _written(day, week="日一二三四五六")],
        "month-shifted": [
            _written(date(day.year, day.month - 1 or 12, 1)).split("月")[0] + "月" + whole.split("月")[1]
        ],
        "swapped": [_written(day, swapped=True)],
        "no-weekday": [whole[:-3]],
        "other-week": [_written(day, name="周"), _written(day, name="礼拜"), _written(day, name="")],
        "arabic": [_written(day, digits="0123456789", numeral=str)],
    }


# ── only the texts with a not ───────────────────────────────────────────────────────────────────────────────────────


def negated(text):
    """Say whether a text, a tuple of words, has not, no, never, or a word that ends in n't."""
    return any(word in ("not", "no", "never") or word.endswith("n't") for word in text)


def compare(seeds):
    """Return the numbers of sentences, both medians, and whether the difference is larger than its spread."""
    sentences, bayes, gru = [], [], []
    for seed in seeds:
        kept = [i for i, text in enumerate(seed["texts"]) if negated(text)]
        sentences.append(len(kept))
        bayes.append(np.mean([seed["bayes"][i] == seed["labels"][i] for i in kept]))
        gru.append(np.mean([seed["gru"][i] == seed["labels"][i] for i in kept]))
    differences = np.array(gru) - np.array(bayes)
    difference, spread = np.median(differences), np.ptp(differences)
    return {
        "sentences": sentences,
        "bayes": np.median(bayes),
        "gru": np.median(gru),
        "difference": difference,
        "spread": spread,
        "larger": bool(abs(difference) > spread),
    }


YES = ("not", "no", "never", "don't", "isn't", "won't", "can't")
DECOYS = ("nothing", "knot", "know", "nevertheless", "notes", "nobody", "cannot", "tent", "it's", "another", "nor")


def check_negated(work: Subject) -> None:
    """Words that contain the words; then seeds that agree, and seeds that do not."""
    rng = np.random.default_rng()
    for word in (*DECOYS, *YES):
        for text in ((word,), ("a", "film", word, "worth", "."), (word, "bad"), ("bad", word)):
            truth = word in YES
            expect(f"negated({text})", work("negated", text), truth, {_why(word, truth): not truth})
    expect("negated(text)", work("negated", ("not", "bad", ",", "no", "!")), True, {"first-only": False})
    for kind in ("apart", "mixed", "paired", "behind"):
        seeds = [_seed(rng, *shares) for shares in _shares(kind, rng)]
        expect(
            "compare(seeds)",
            work("compare", seeds),
            _compared(seeds),
            {
                "all-texts": partial(_compared, seeds, every=True),
                "other-texts": partial(_compared, seeds, others=True),
                "divided-by-all": partial(_compared, seeds, divided=True),
                "means": partial(_compared, seeds, middle=np.mean, center=np.mean),
                "mean-difference": partial(_compared, seeds, center=np.mean),
                "difference-of-medians": partial(_compared, seeds, paired=False),
                "spread-of-one": partial(_compared, seeds, of_one=True),
                "standard-deviation": partial(_compared, seeds, width=np.std),
                "turned-round": partial(_compared, seeds, sign=-1),
                "behind": partial(_compared, seeds, larger=lambda d, spread: bool(d > spread)),
                "any-difference": partial(_compared, seeds, larger=lambda d, spread: bool(d != 0)),
                "smaller": partial(_compared, seeds, larger=lambda d, spread: bool(abs(d) < spread)),
                "in-percent": partial(_compared, seeds, unit=100),
                "sum-of-sentences": partial(_summed, seeds),
            },
        )


def _why(word: str, truth: bool) -> str:
    if not truth:
        return "inside-a-word" if word not in ("tent", "it's") else "not-a-not"
    return "no-nt" if word.endswith("n't") else "left-out"


def _shares(kind: str, rng: np.random.Generator) -> Any:
    """Return how many of the texts with a not each method has right, by seed."""
    low = rng.permutation([14, 17, 22, 29, 31])
    ahead = {
        "apart": [6, 7, 9, 8, 7],
        "mixed": [5, -3, 1, 2, -4],
        "paired": [5, 5, 6, 5, 5],
        "behind": [-7, -6, -9, -8, -7],
    }[kind]
    turn = rng.integers(0, 5)
    return [(40 + n, base, base + more) for n, (base, more) in enumerate(zip(low, np.roll(ahead, turn), strict=True))]


def _seed(rng: np.random.Generator, many: int, bayes: int, gru: int) -> dict[str, Any]:
    """Make a test with so many negated texts, of which each method has so many right, and 24 others."""
    texts = [("this", "is", str(rng.choice(YES)), "it")] * many + [("a", str(rng.choice(DECOYS)), "film")] * 24
    labels = rng.integers(0, 2, len(texts))
    order = rng.permutation(len(texts))
    seed: dict[str, Any] = {"texts": [texts[i] for i in order], "labels": [int(labels[i]) for i in order]}
    for name, right in (("bayes", bayes), ("gru", gru)):
        hits = np.arange(len(texts)) < right
        hits[many:] = rng.permutation(24) < (21 if name == "bayes" else 18) - bayes // 4
        guesses = np.where(hits, labels, 1 - labels)
        seed[name] = [int(guesses[i]) for i in order]
    return seed


def _compared(
    seeds: list[dict[str, Any]],
    *,
    every: bool = False,
    others: bool = False,
    divided: bool = False,
    middle: Callable[[Any], Any] = np.median,
    center: Callable[[Any], Any] = np.median,
    paired: bool = True,
    of_one: bool = False,
    width: Callable[[Any], Any] = np.ptp,
    sign: int = 1,
    larger: Callable[[Any, Any], bool] = lambda d, spread: bool(abs(d) > spread),
    unit: float = 1,
) -> dict[str, Any]:
    """Return the comparison, or what a mistake makes of it."""
    many, rights = [], []
    for seed in seeds:
        there = np.array([any(re.fullmatch("not|no|never|.*n't", word) for word in text) for text in seed["texts"]])
        there = np.ones_like(there) if every else there != others
        hits = [np.array(seed[name]) == seed["labels"] for name in ("bayes", "gru")]
        many.append(int(there.sum()))
        rights.append([unit * hit[there].sum() / (len(there) if divided else there.sum()) for hit in hits])
    bayes, gru = np.array(rights).T
    each = sign * (gru - bayes)
    difference = center(each) if paired else middle(gru) - middle(bayes)
    spread = width(gru) if of_one else width(each)
    return {
        "sentences": many,
        "bayes": middle(bayes),
        "gru": middle(gru),
        "difference": difference,
        "spread": spread,
        "larger": larger(difference, spread),
    }


def _summed(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    found = _compared(seeds)
    return {**found, "sentences": sum(found["sentences"])}


EXERCISES = (
    Exercise(
        chapter="language",
        number=2,
        title=Text("A card index for dates", "给日期做一柜卡片"),
        task=Text(
            "Write chinese(text): it takes a date in one of the five English forms and returns it in Chinese, both"
            " strings. The forms, all in small letters:\n"
            "saturday, march 18, 2090\n"
            "sat 18 mar 2090\n"
            "18 march 2090, saturday\n"
            "saturday, 3/18/2090\n"
            "2090-03-18 (sat)\n"
            "All of these are 二〇九〇年三月十八日星期六. In the fourth form the month comes before the day. The zero of the year is"
            " 〇; 10, 18, 20, 28 are 十, 十八, 二十, 二十八; Sunday is 星期日.\n"
            "Write share(pairs): pairs is a list of (English, Chinese); return the share, between 0 and 1, for which"
            " chinese returns the whole date without a mistake.",
            "写 chinese(text)：参数是五种英语写法之一的日期，返回汉语写法，都是字符串。五种写法全用小写字母：\n"
            "saturday, march 18, 2090\n"
            "sat 18 mar 2090\n"
            "18 march 2090, saturday\n"
            "saturday, 3/18/2090\n"
            "2090-03-18 (sat)\n"
            "它们都写成二〇九〇年三月十八日星期六。第四种里月在日前。年份里的零是“〇”；10、18、20、28 是十、十八、二十、二十八；"
            "星期天写星期日。\n"
            "写 share(pairs)：pairs 是 (英语, 汉语) 的列表；返回 chinese 把整个日期写得一字不错的比例，在 0 和 1 之间。",
        ),
        solution=(chinese, share),
        check=check_dates,
        names={
            "other-zero": Text(
                "The zero of the year is another sign; it should be 〇.", "年份里的零用了别的字，应当是“〇”。"
            ),
            "one-ten": Text(
                "10 is 十 and 15 is 十五, without a 一 before it.", "10 是“十”，15 是“十五”，前面没有“一”。"
            ),
            "zero-ones": Text(
                "20 is 二十 and 30 is 三十: nothing stands for the zero.", "20 是“二十”，30 是“三十”：零不写出来。"
            ),
            "digits-only": Text(
                "Month and day are written digit by digit. Only the year is; 18 is 十八.",
                "月和日逐位写出来了。只有年份逐位写；18 是“十八”。",
            ),
            "leading-zero": Text("03 is the month 三: the leading zero is not written.", "03 是“三月”：前面的零不写。"),
            "sunday": Text("Sunday is 星期日 here.", "这里星期天写“星期日”。"),
            "weekday-shifted": Text(
                "The day of the week is off by one. 星期一 is Monday.", "星期差了一天。星期一是 monday。"
            ),
            "month-shifted": Text("The month is off by one: a list counts from 0.", "月份差一：列表从 0 数起。"),
            "swapped": Text(
                "Month and day are exchanged. In 3/18/2090 the month stands first, in “18 mar” it stands second.",
                "月和日对调了。3/18/2090 里月在前，“18 mar” 里月在后。",
            ),
            "no-weekday": Text("The day of the week is missing at the end.", "末尾缺了星期。"),
            "other-week": Text(
                "The day of the week is written 星期六, not in another way.", "星期写作“星期六”，不用别的说法。"
            ),
            "arabic": Text("The digits are still Arabic ones.", "数字还是阿拉伯数字。"),
            "by-characters": Text(
                "This is the share of right characters. A date counts only if it is right as a whole.",
                "这是对的字符所占的比例。整个日期都对才算对。",
            ),
            "in-percent": Text("This is in percent; a share lies between 0 and 1.", "这是百分数；比例在 0 和 1 之间。"),
            "counted": Text("This is a number of dates. Divide by how many there are.", "这是日期的个数。要除以总数。"),
            "share-wrong": Text("This is the share of wrong dates.", "这是错的比例。"),
        },
        planted=(
            ("other-zero", "〇一二三四五六七八九", "零一二三四五六七八九"),
            ("one-ten", 'digits[tens] if tens > 1 else ""', 'digits[tens] if tens else ""'),
            ("zero-ones", '" 一二三四五六七八九"', '"〇一二三四五六七八九"'),
            ("sunday", "'一二三四五六日'", "'一二三四五六天'"),
            ("weekday-shifted", "'一二三四五六日'", "'日一二三四五六'"),
            ("month-shifted", "months.index(word) + 1", "(months.index(word) or 12)"),
            ("swapped", "month, day = small", "day, month = small"),
            ("no-weekday", "日星期{'一二三四五六日'[weekday]}", "日"),
            ("share-wrong", "chinese(source) == target", "chinese(source) != target"),
            ("counted", " / len(pairs)", ""),
            (
                "by-characters",
                "sum(chinese(source) == target for source, target in pairs) / len(pairs)",
                "np.mean([a == b for source, target in pairs for a, b in zip(chinese(source), target)])",
            ),
        ),
        hints=(
            Text(
                "What tells the year from the other numbers, in every form? And what tells a month from a weekday?",
                "在每种写法里，凭什么认出年份？又凭什么分清月份和星期？",
            ),
            Text(
                "Take the text apart with re.findall, letters and digits separately. Three letters are enough for a name."
                " If there are two small numbers, the month comes first.",
                "用 re.findall 把字母和数字分别取出来。认名字三个字母就够。如果有两个小的数，月在前。",
            ),
            Text(
                "tens, ones = divmod(n, 10): the tens are written only above 1, 十 if there are tens, the ones unless they"
                " are 0. The weekday is '一二三四五六日'[n] with Monday as 0.",
                "tens, ones = divmod(n, 10)：十位大于 1 才写，有十位就写“十”，个位不是 0 才写。星期是 '一二三四五六日'[n]，monday 为 0。",
            ),
        ),
        imports="import re\n\nimport numpy as np",
    ),
    Exercise(
        chapter="language",
        number=3,
        title=Text("Only the texts with a *not*", "只看带 *not* 的文本"),
        task=Text(
            "A text is a tuple of words and punctuation marks in small letters, as the experiment reads it; don't is one"
            " word.\n"
            "Write negated(text): True if one of its words is not, no or never, or ends in n't; else False. Words that only"
            " contain these, like nothing or cannot, do not count.\n"
            'Write compare(seeds). seeds is a list of dicts, an odd number of them: "texts", the test of this seed;'
            ' "labels", 0 or 1 for each text; "bayes" and "gru", the labels that the two have guessed. Count only the'
            ' negated texts, and return a dict: "sentences", a list of how many there are in each seed; "bayes" and "gru",'
            ' the medians over the seeds of the share that is right; "difference", the median of the differences GRU minus'
            ' naive Bayes, each within one seed; "spread", the largest of these differences minus the smallest; "larger",'
            " True if the absolute value of the difference is greater than the spread.",
            "文本是小写的单词和标点组成的元组，与实验里读到的一样；don't 是一个词。\n"
            "写 negated(text)：如果有一个词是 not、no 或 never，或者以 n't 结尾，返回 True，否则 False。只是含有这些字母的词，"
            "例如 nothing 和 cannot，不算。\n"
            '写 compare(seeds)。seeds 是字典的列表，个数是奇数："texts" 是这个种子的测试；"labels" 是每段文本的 0 或 1；'
            '"bayes" 和 "gru" 是两者猜的标签。只数带否定的文本，返回字典："sentences" 是各种子的句数的列表；"bayes" 和 "gru" 是正确比例'
            '在各种子上的中位数；"difference" 是差（GRU 减朴素贝叶斯，在每个种子之内相减）的中位数；"spread" 是这些差里最大的减最小的；'
            '"larger"：差的绝对值大于 spread 时为 True。',
        ),
        solution=(negated, compare),
        check=check_negated,
        names={
            "inside-a-word": Text(
                "{of}: the letters stand inside another word. Compare whole words.",
                "{of}：这些字母在别的词里面。要比较整个词。",
            ),
            "not-a-not": Text(
                "{of}: this word is no negation: it has no n't at its end.", "{of}：这个词不是否定：末尾没有 n't。"
            ),
            "no-nt": Text("{of}: words that end in n't count as well.", "{of}：以 n't 结尾的词也算。"),
            "left-out": Text("{of}: this word counts too.", "{of}：这个词也算。"),
            "first-only": Text("{of}: a negation is there, even two.", "{of}：有否定，而且有两个。"),
            "all-texts": Text("All texts are counted, not only the negated ones.", "数了全部文本，而不只是带否定的。"),
            "other-texts": Text("These are the texts without a negation.", "数的是不带否定的文本。"),
            "divided-by-all": Text(
                "The right ones are divided by the number of all texts. Divide by that of the negated ones.",
                "正确的个数除以了全部文本数。应除以带否定的文本数。",
            ),
            "means": Text("These are means over the seeds, not medians.", "这是各种子的平均，不是中位数。"),
            "mean-difference": Text("The difference is a mean; asked is the median.", "差取了平均；要的是中位数。"),
            "difference-of-medians": Text(
                "The difference is that of the two medians. Subtract within each seed first: both had the same test there.",
                "这是两个中位数之差。应先在每个种子之内相减：那里两者面对同一份测试。",
            ),
            "spread-of-one": Text(
                "The spread is that of the GRU's shares. Asked is the spread of the difference.",
                "这是 GRU 正确比例的波动。问的是差的波动。",
            ),
            "standard-deviation": Text(
                "The spread here is the largest minus the smallest, not a standard deviation.",
                "这里的 spread 是最大减最小，不是标准差。",
            ),
            "turned-round": Text("The difference is GRU minus naive Bayes.", "差是 GRU 减朴素贝叶斯。"),
            "behind": Text(
                "A difference may be large and negative: its absolute value counts.", "差可以又大又是负的：要看绝对值。"
            ),
            "any-difference": Text(
                "A difference that is not zero is not yet larger than its spread.", "差不为零，不等于比波动大。"
            ),
            "smaller": Text("`larger` says the opposite.", "larger 说反了。"),
            "in-percent": Text("The shares lie between 0 and 1, not in percent.", "比例在 0 和 1 之间，不是百分数。"),
            "sum-of-sentences": Text(
                "The sentences are added up over the seeds. Return a list, one number for each.",
                "句数在各种子上加起来了。应返回列表，每个种子一个数。",
            ),
        },
        planted=(
            ("inside-a-word", 'word in ("not", "no", "never")', '"no" in word'),
            ("no-nt", ' or word.endswith("n\'t")', ""),
            ("left-out", '("not", "no", "never")', '("not", "never")'),
            ("not-a-not", 'word.endswith("n\'t")', 'word.endswith("nt")'),
            ("all-texts", " if negated(text)]", "]"),
            ("other-texts", "if negated(text)]", "if not negated(text)]"),
            ("mean-difference", "np.median(differences)", "np.mean(differences)"),
            ("difference-of-medians", "np.median(differences)", "np.median(gru) - np.median(bayes)"),
            ("spread-of-one", "np.ptp(differences)", "np.ptp(gru)"),
            ("standard-deviation", "np.ptp(differences)", "np.std(differences)"),
            ("behind", "abs(difference) > spread", "difference > spread"),
            ("turned-round", "np.array(gru) - np.array(bayes)", "np.array(bayes) - np.array(gru)"),
        ),
        hints=(
            Text(
                "Is “nothing” a word with *not*? And do two results of the same seed belong together?",
                "“nothing” 算不算带 *not* 的词？同一个种子的两个结果，是不是一对？",
            ),
            Text(
                "Look at whole words and at their ends. For each seed compute two shares on the same kept texts, and subtract"
                " them before you take any median.",
                "看整个词和词尾。每个种子在同样留下来的文本上算两个比例，先相减，再取中位数。",
            ),
            Text(
                "any(word in ('not', 'no', 'never') or word.endswith(\"n't\") for word in text). The spread is"
                " max − min of the differences; larger is abs(difference) > spread.",
                "any(word in ('not', 'no', 'never') or word.endswith(\"n't\") for word in text)。spread 是各个差的最大减最小；"
                "larger 是 abs(difference) > spread。",
            ),
        ),
    ),
)
