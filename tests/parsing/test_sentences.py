from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrator.parsing.sentences import LONGEST, split_sentences


def split(text: str, language: str = "en", keep: tuple[tuple[int, int], ...] = ()) -> list[str]:
    cuts = split_sentences(text, 0, len(text), language=language, keep=keep)
    return [text[start:end].strip() for start, end in pairwise([0, *cuts, len(text)])]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "One. | Two! | Three? | Four… | Five."),
        ("ka", "გამარჯობა. | როგორ ხარ?"),
        ("en", "“One.” | “Two!” | (Three?) | Four."),
        ("en", "He left. | “Why?” | She shrugged."),
        ("en", "Really?! | Yes. | 42 men came. | — So?"),
        ("en", "It was I. | We left."),
        ("en", "No. | He left."),
        ("en", "She said no. | No. 5 is alive."),
        ("en", "It cost 3.14. | It was version 2.0.1 of it."),
        ("en", "He lived in 1984. | Then he died."),
        ("de", "Am 3. Mai kam er. | Er blieb bis 1984. | Dann ging er."),
        ("de", "„Halt!“ | Er lief, z. B. nach Hause, d. h. weg. | Ende."),
        ("de", "Dr. Weiß wohnt in der Str. Nr. 5 bzw. daneben. | Gut."),
        ("fr", "M. Dupont est là. | « Bonjour ! » | Mme. Roux aussi."),
        ("es", "El Sr. Gómez llegó. | ¿Qué? | ¡No! | Ud. Sabe."),
        ("it", "Il sig. Rossi è qui. | Bene."),
        ("pl", "Prof. Nowak, np. On sam. | Tak."),
        ("ru", "Он жил на ул. Ленина. | Потом уехал."),
        ("hi", "वह आया। | वह गया।"),
        ("hi-IN", "डॉ. शर्मा और पं. मिश्र आए थे. | ए. पी. जे. अब्दुल कलाम भी आए. | हाँ जी. | वह गया।"),
        ("bn", "ডঃ. রায় ও মো. আলী এলেন। | তারপর গেলেন।"),
        ("ta", "திரு. குமார் வந்தார். | பிறகு போனார்."),
        ("te", "డా. రావు వచ్చారు. | తరువాత వెళ్ళారు."),
        (
            "en",
            "He came at 5 p.m. | He left for the U.S. | Then a Ph.D. | They knew. | At 5 p.m. Mr. Rao ate.",
        ),
        (
            "en",
            "It cost Rs. 500, i.e. They paid. | See Ch. 5, Art. 12 and No. VII of it. | It is no art. | Go.",
        ),
        (
            "en",
            "Wait a min. | It was min. 5 and ca. 1900. | She said no. | I left. | He sat in the brig. | Go.",
        ),
        (
            "en-IN",
            "Smt. Rao, Shri. Gupta, Pt. Nehru, Fr. Brown and Brig. Singh met Messrs. Rai Pvt. Ltd. of Pune.",
        ),
        ("en", "It took 5 hrs. | He slept. | The vol. 3 is here. | She ate a fig. | Fig. 3 shows it."),
        (
            "es",
            "Frutas, p. ej. Manzanas, de EE. UU. de hoy. | El año 44 a. C. Nació. | Habla de nos. | Bien.",
        ),
        (
            "es",
            "El Excmo. Sr. D. José, la profa. Gil y Sto. Tomás, art. 5 y pág. 3. | Es un arte. | Sí.",
        ),
        (
            "fr",
            "Des fruits, p. ex. Pommes, c.-à-d. Rien. | Voici mon ex. | Le Col. Roux passe le col. | Oui.",
        ),
        ("fr", "Il raconta le vol. | Puis la Vve. Roux lut l’art. 5. | Il aime son art. | Bien."),
        (
            "de",
            "Er, u. a. Karl, d. h. Er, i. d. R. Ja. | Dr. med. Weiß, Art. 100. | Die Art. | Ja.",
        ),
        ("de", "Er ging weg. | Sie weiß, dass ich ihn mag. | Mag. Huber und Phil. | Er und Jan. | Sie."),
        (
            "it",
            "Frutta, p. es. Mele. | Mons. Neri, Gen. Verdi e il Cav. Rossi, dell’art. 5. | È un’arte. | Sì.",
        ),
        (
            "pt",
            "Frutas, p. ex. Maçãs. | V. Exa. Sabe. | Cel. Silva e Sta. Rita, art. 5, séc. XX. | Sim.",
        ),
        ("hi", "डॉ. शर्मा और श्री. वर्मा आए। | पं. नेहरू, प्रो. सिंह और मि. खान भी। | यह रु. 500 का है। | Rs. 500 दो।"),
        (
            "hi",
            "उसने चाय पी. | वह गया. | सी. वी. रमन और आई. ए. एस. सिंह आए. | वह आई. | पृ. 12 देखो. | बी.ए. की बात.",
        ),
        ("hi", "वे आए थे. | ए. पी. जे. कलाम थे. | पं. नेहरू 5 कि. मी. दूर थे. | ई. पू. 300 में. | वह था. | वह है. | ठीक."),
        (
            "mr",
            "श्री. पाटील आले. | वि. दा. सावरकर आणि पु. ल. देशपांडे होते. | सौ. जोशी, उदा. आंबा. | मी आहे ना. | हो.",
        ),
        ("bn", "ডাঃ. রায় ও মি. দাস এলেন। | খ্রি. পূ. 300। | এস. কে. রায়। | সে যাবে না. | সে কে. | হ্যাঁ।"),
        ("gu", "પં. નેહરુ અને શ્રીમતી. શાહ આવ્યા. | કિ. મી. દૂર છે. | એમ. કે. ગાંધી. | તે છે. | હા."),
        ("pa", "ਡਾ. ਸਿੰਘ ਤੇ ਸ੍ਰ. ਕੌਰ ਆਏ. | ਉਹ ਘਰ ਸੀ. | ਡਾ. ਸਿੰਘ ਬੀ. ਏ. ਪਾਸ ਵੀ ਸੀ. | ਹਾਂ."),
        ("or", "ଡା. ମିଶ୍ର ଓ ଶ୍ରୀ. ରାଓ ଆସିଲେ। | ପ୍ରୋ. ଦାସ। | ଏସ. ପି. ଦାସ।"),
        ("ta", "மு. கருணாநிதி வந்தார். | எம். ஜி. ராமச்சந்திரன். | கி. மு. 300. | நீ வா. | நீ போ. | சரி."),
        ("te", "ఎన్. టి. రామారావు వచ్చారు. | క్రీ. పూ. 300. | నువ్వు రా. | సరే."),
        ("kn", "ಎಂ. ಎಸ್. ರಾವ್ ಬಂದರು. | ಕ್ರಿ. ಶ. 1900. | ನೀನು ಬಾ. | ಸರಿ."),
        ("ml", "എം. ടി. വാസുദേവൻ വന്നു. | ക്രി. മു. 300. | കെ. ആർ. നായർ. | നീ വാ. | ശരി."),
        ("ar", "أين هو؟ | لا أعرف."),
        ("ja", "彼は来た。|そして帰った！|本当？"),
        ("ja", "「行け！」と彼は言った。|「今？」はい。"),
        ("zh-Hans", "他来了。|“走！”他说。"),
        ("xx", "Dr. Who came. | He left."),
    ],
)
def test_ends(language: str, text: str) -> None:
    """A bar stands where a sentence ends, and nowhere else."""
    sentences = [sentence.strip() for sentence in text.split("|")]
    joined = ("" if language in ("ja", "zh-Hans") else " ").join(sentences)

    assert split(joined, language) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "“Stop!” she said.",
        "“Why?” asked Mara.",
        "“Well…” he began.",
        "Mr. Smith and Mrs. Jones met Dr. J. R. Watson at St. Paul's.",
        "The U.S. Army, i.e. the men, came at 5 p.m. on Sunday.",
        "He looked at Capt. Brown and Lt. Grey.",
        "Wait... what?",
        "Well... I don't know.",
        "Yahoo! went bankrupt, e.g. Google did not.",
        "See www.example.com for more",
        "... and then he left.",
        "A. Who is it",
        "no end at all",
    ],
)
def test_one_sentence(text: str) -> None:
    assert split(text) == [text]


def test_no_sentence_without_words() -> None:
    """A mark that stands alone goes with what follows."""
    assert split("... ! One. Two.") == ["... ! One.", "Two."]


def test_kept_together() -> None:
    """No cut within what is pronounced as one."""
    text = "She met Mr P. Smith. Jr. And left. So."

    assert split(text) == ["She met Mr P. Smith.", "Jr. And left.", "So."]
    assert split(text, keep=((8, 24),)) == ["She met Mr P. Smith. Jr. And left.", "So."]


def test_long_sentences_are_divided() -> None:
    """At semicolons, else commas, else spaces; never inside a word."""
    semicolons = "; ".join(["word " * 100 + "end"] * 6)
    commas = ", ".join(["word " * 100 + "end"] * 6)
    spaces = "word " * 500

    for text, ends in ((semicolons, ";"), (commas, ","), (spaces, "d")):
        parts = split(text.strip())
        assert all(len(part) <= LONGEST for part in parts)
        assert all(part.endswith(ends) for part in parts[:-1])
        assert " ".join(parts) == text.strip()


def test_a_word_is_never_cut() -> None:
    text = "a" * 5000 + " b"

    assert split(text) == ["a" * 5000, "b"]


@given(st.text(alphabet='aB1 .!?…"“”,;。」', max_size=80))
@settings(deadline=None, max_examples=200)
def test_cuts_are_in_order(text: str) -> None:
    """Cuts lie inside, ascend, and leave no part without a word before the last."""
    collapsed = " ".join(text.split())
    cuts = split_sentences(collapsed, 0, len(collapsed), language="en")

    assert cuts == sorted(set(cuts))
    assert all(0 < at < len(collapsed) for at in cuts)
    for start, end in pairwise([0, *cuts]):
        assert any(char.isalnum() for char in collapsed[start:end])
