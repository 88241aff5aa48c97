"""Replaces emoji and emoticons by words, as each is too rare in labelled texts to be learnt."""

from scoring.networks.text import TREEBANK, Tokeniser

#: Word -> the emoji and emoticons that are replaced by it, separated by spaces.
MEANT = {
    "happy": "😀 😃 😄 😁 😆 😂 🤣 😊 🙂 😉 😋 😎 😇 🤗 😺 :-) :) ;-) ;) :-d (: ☺",
    "love": "😍 🥰 😘 ❤ 💕 💖 💙 💚 💛 💜 🧡 🤩 <3",
    "great": "👍 👏 🙌 🎉 🔥 💯 ✨ ⭐ 🌟 🏆 💪 👌",
    "sad": "😢 😭 🙁 ☹ 😞 😔 😟 😿 💔 😕 😥 😓 :-( :( :'( ):",
    "awful": "👎 💩 🤮 🤢 😖 😣 😫 😩",
    "angry": "😠 😡 🤬 😤",
    "boring": "😴 🥱 🙄 😒",
}

#: Replaces emoji and emoticons by words, and then cuts as the Treebank does.
READ_AS_WORDS = Tokeniser(
    TREEBANK.pattern,
    tuple((sign, f" {word} ") for word, signs in MEANT.items() for sign in signs.split())
    + TREEBANK.replace,
)
