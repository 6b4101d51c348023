"""Make spoken digits in two languages, as features: `python -m scripts.experiments._speak` writes `spoken.npz`.

The program espeak-ng 1.51 (Debian; GPL-3.0-or-later) says the ten digits in English and in Mandarin with eighteen of
its voices, at four speeds and pitches each.  What is kept are cepstra: 25 ms of sound every 20 ms, the energies of 26
bands on the mel scale, their logarithms, thirteen coefficients of the cosine transform, one byte a number.  The sound
itself is not kept.  The features are ours, under CC BY 4.0 like the text of the book.
"""

from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import numpy as np

from rnn.text import pad
from rnn.validate import Array

FILE = Path(__file__).with_name("spoken.npz")
DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "cmn": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}
# The first twelve are learned, two are for validation, the last four for the test.
LEARNED = ("m1", "m2", "m3", "m4", "f1", "f2", "f3", "f4", "Andy", "Lee", "linda", "max")
VOICES = (*LEARNED, "m5", "steph", "m7", "f5", "Annie", "adam")
MANNERS = ((130, 40), (150, 60), (170, 45), (190, 55))  # words a minute, pitch
BANDS, COEFFICIENTS = 26, 13


def say(word: str, language: str, voice: str, speed: int, pitch: int) -> tuple[Array, int]:
    """Return the sound (N,), from -1 to 1, and how many samples a second has."""
    command = ("espeak-ng", "-v", f"{language}+{voice}", "-s", str(speed), "-p", str(pitch), "--stdout", word)
    sound = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(10 * rate), np.int16)
    return samples / 32768, rate


# --8<-- [start:cepstra]
def cepstra(sound: Array, rate: int) -> Array:
    """Return the mel-frequency cepstra of a sound, (T, 13), without the silence around it."""
    width, hop = rate // 40, rate // 50
    sound = np.append(sound[:1], sound[1:] - 0.97 * sound[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(sound, width)[::hop] * np.hamming(width)
    power = np.abs(np.fft.rfft(frames, 1024)) ** 2
    energy = np.log10(power.sum(axis=1) + 1e-12)
    loud = np.flatnonzero(energy > energy.max() - 4)  # down to a ten-thousandth
    bands = np.log(power[loud[0] : loud[-1] + 1] @ triangles(rate, power.shape[1]) + 1e-6)
    angles = np.pi / BANDS * np.outer(np.arange(BANDS) + 0.5, np.arange(COEFFICIENTS))
    return bands @ np.cos(angles)
    # --8<-- [end:cepstra]


def triangles(rate: int, bins: int) -> Array:
    """Return the weights of overlapping bands, evenly spaced on the mel scale from 100 to 8000 Hz."""
    mel = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 8000 / 700), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    at = np.linspace(0, rate / 2, bins)[:, np.newaxis]
    rising = (at - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - at) / np.diff(edges)[1:]
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))


def main() -> None:
    """Write the file: features, lengths, digit and voice of each word, and what one step of the byte means."""
    kept: dict[str, Array] = {}
    for language, words in DIGITS.items():
        said = [(d, v, m) for v in range(len(VOICES)) for d in range(10) for m in range(len(MANNERS))]
        spoken = [cepstra(*say(words[d], language, VOICES[v], *MANNERS[m])) for d, v, m in said]
        padded, lengths = pad(spoken)
        step = np.abs(padded).max(axis=(0, 1)) / 127
        frames = np.concatenate(spoken)  # one word behind the other, without padding
        kept |= {
            f"{language}_frames": np.round(frames / step).astype(np.int8),
            f"{language}_step": step.astype(np.float32),
            f"{language}_length": lengths.astype(np.uint8),
            f"{language}_digit": np.array([d for d, _, _ in said], np.uint8),
            f"{language}_voice": np.array([v for _, v, _ in said], np.uint8),
        }
    np.savez_compressed(FILE, **kept)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
