"""Two short texts to learn from where no other is at hand; both are in the public domain.

References
----------
William Shakespeare 1609, Sonnet 18.
Li Bai 李白, 静夜思; Meng Haoran 孟浩然, 春晓; Wang Zhihuan 王之涣, 登鹳雀楼; eighth century.
"""

TEXTS = {
    "sonnet": """\
Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.
""",
    "tang": """\
床前明月光，疑是地上霜。
举头望明月，低头思故乡。

春眠不觉晓，处处闻啼鸟。
夜来风雨声，花落知多少。

白日依山尽，黄河入海流。
欲穷千里目，更上一层楼。
""",
}
