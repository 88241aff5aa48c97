"""Emoji and emoticons, read as words: too few stand in labelled texts to be learnt one by one."""

from scoring.networks.text import TREEBANK, Tokeniser

#: A word -> the signs that are read as it.
MEANT = {
    "happy": "😀 😃 😄 😁 😆 😂 🤣 😊 🙂 😉 😋 😎 😇 🤗 😺 :-) :) ;-) ;) :-d (: ☺",
    "love": "😍 🥰 😘 ❤ 💕 💖 💙 💚 💛 💜 🧡 🤩 <3",
    "great": "👍 👏 🙌 🎉 🔥 💯 ✨ ⭐ 🌟 🏆 💪 👌",
    "sad": "😢 😭 🙁 ☹ 😞 😔 😟 😿 💔 😕 😥 😓 :-( :( :'( ):",
    "awful": "👎 💩 🤮 🤢 😖 😣 😫 😩",
    "angry": "😠 😡 🤬 😤",
    "boring": "😴 🥱 🙄 😒",
}

#: The Treebank's cut, after emoji and emoticons have become words.
READ_AS_WORDS = Tokeniser(
    TREEBANK.pattern,
    tuple((sign, f" {word} ") for word, signs in MEANT.items() for sign in signs.split())
    + TREEBANK.replace,
)
