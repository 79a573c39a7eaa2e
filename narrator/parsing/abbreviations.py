"""Abbreviations that a full stop does not end a sentence after, by primary language.

Only what stands before other words of its sentence: units, `etc.` and the like end one as often as not
where a capital follows, and are left out. So are words that an ordinary sentence ends with ("a brig.").
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _by_language(lists: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    return {language: _words(text) for language, text in lists.items()}


TITLES = _words("mr mrs ms dr prof st messrs mme mlle")
"""Every language borrows them."""

ABBREVIATIONS = _by_language(
    {
        "en": "sr jr rev hon capt col gen lt sgt maj cpl pte cmdr adm gov sen rep pres esq vs viz cf al vol "
        "pp approx inc ltd co corp mt ft ave blvd rd dept est jan feb mar apr jun jul aug sep sept oct nov "
        "dec rs smt shri sri shrimati kum pt fr mx msgr ven lieut cdr cpt pvt supt insp asst govt univ "
        "b.com m.com b.tech m.tech m.phil d.phil",
        "de": "hr fr nr str vgl bzw ca evtl ggf inkl mio mrd abb bd tel geb gest usf hl frl jh kap sog ev "
        "dipl ing frhr gebr hptm oblt lt maj fam hrsg gegr tsd mill med jur rer nat habil chr "
        "bzgl zzgl exkl allg eigtl urspr feb aug sept okt nov dez",
        "fr": "m mm mmes mlles me mgr pr ste cf av apr env éd fig p chap bd boul janv févr juil sept oct "
        "nov déc vve cie ets gén capt lt cdt sgt cne tél réf",
        "es": "sr sra srta sres dra d dña ud uds vd vds pág págs ej núm av avda aprox cap fig gral lic ing "
        "tel vol sras srtas ee uu ff aa rr cc oo excmo excma ilmo ilma profa arq abg sto sta mons pbro rvdo "
        "cnel tte cdte sgto alm fdo fco ma bs cía ltda dpto depto admón pza",
        "it": "sig sigg dott avv ing egr spett gent pag pagg cap fig vol es ca tel on geom rag gen col ten "
        "magg brig cav comm arch mons rev sen pres ecc.mo ill.mo gent.mo gent.ma",
        "pt": "sr sra srta dra d exmo exma pág av núm cap fig vol tel prof profa eng sres sras ilmo ilma "
        "exa arq gen cel ten maj sgt alm brig pe fr sta sto mons dep sen gov pres cia jr pça",
        "nl": "dhr mevr mw drs ir jhr bijv enz nr blz ca o.a resp zgn jl",
        "sv": "t.ex bl.a dvs osv kl nr ca s.k fr hr tel",
        "da": "f.eks bl.a dvs osv kl nr ca hr fr fru tlf",
        "nb": "f.eks bl.a dvs osv kl nr ca hr fr tlf",
        "pl": "np tzn itd itp mgr ul św pan prof hab inż nr str ok godz im wg",
        "cs": "např tzv atd apod ing mgr ul sv č str tj p pí",
        "ru": "г ул им гг т д п см рис стр проф акад руб тыс млн",
        "uk": "м вул ім див рис стор проф акад грн тис млн",
        "tr": "sn doç yrd av vb vs bkz no cad sok",
        "fi": "esim ym jne nk ns ks mm ts n nro",
        "hu": "pl kb ún ld stb ifj id özv u sz",
        "ro": "dl dna d-l d-na nr str pag etc",
        "hi": "डॉ डा प्रो पं श्री श्रीमती सुश्री मि कु मो मौ चौ कै ठा मा स्व रु रू",
        "mr": "डॉ डा प्रा पं श्री श्रीमती सौ कै कु चि मा रु रू उदा",
        "bn": "ডঃ ডা ডাঃ প্রো মো মোঃ মু মোসা মোছা শ্রী শ্রীমতী মি অধ্যা ইং",
        "gu": "ડૉ ડો પ્રો પ્રા પં શ્રી શ્રીમતી સ્વ કુ ચિ મિ મો રૂ",
        "pa": "ਡਾ ਪ੍ਰੋ ਪ੍ਰਿੰ ਸ੍ਰੀ ਸ਼੍ਰੀ ਸ੍ਰੀਮਤੀ ਸ੍ਰ ਸ ਪੰ ਸਵ ਕੁ ਮਿ ਰੁ",
        "or": "ଡଃ ଡା ଡାଃ ପ୍ରୋ ପଂ ଶ୍ରୀ ଶ୍ରୀମତୀ ସ୍ୱ ମୋ ମି କୁ ଟଂ",
        "ta": "திரு திருமதி டாக் பேரா கி ரூ",
        "te": "డా ప్రొ శ్రీ శ్రీమతి కు చి రూ",
        "kn": "ಡಾ ಪ್ರೊ ಶ್ರೀ ಶ್ರೀಮತಿ ಕು ಚಿ ರೂ",
        "ml": "ഡോ പ്രൊഫ ശ്രീ ശ്രീമതി അഡ്വ കു രൂ",
    }
)

CAPITALISED = _by_language({"en": "Brig Bros", "fr": "Col", "de": "Mag"})
"""Those that are another word where they are written small."""

BEFORE_A_NUMBER = _words(
    "no nos nr p pp fig vol cap núm č ch sec para art arts min max ca rs séc pág tel "
    "पृ क्र सं नं ता पान পৃ নং টা তাং পৃঃ પૃ નં તા ਨੰ ਪੰ ਰੁ ପୃ ନଂ எண் పే నం ಪು ನಂ നം"
)
"""Of any language, where a number follows."""

LETTERS = _by_language(
    {
        "hi": "बी डी एफ एच जे के एल एम एन आर एस वी वाई यू डब्ल्यू एक्स",
        "mr": "बी सी डी एफ एच जे के एल एम एन आर एस व्ही वाय यू डब्ल्यू एक्स",
        "bn": "এ বি সি ডি এফ এইচ জে এল এম এন এস পি টি ভি ইউ ওয়াই",
        "gu": "બી ડી એફ એચ જે કે એલ એમ એન આર એસ વી વાય યુ",
        "pa": "ਬੀ ਡੀ ਐਫ ਐਫ਼ ਐਚ ਐੱਚ ਜੇ ਐਲ ਐੱਲ ਐਮ ਐੱਮ ਐਨ ਐੱਨ ਆਰ ਐਸ ਐੱਸ",
        "or": "ଏ ବି ସି ଡି ଏଫ ଏଚ ଜେ ଏଲ ଏଲ୍ ଏମ ଏମ୍ ଏନ ଏନ୍ ପି ଏସ ଏସ୍ ଟି ଭି",
        # In Tamil initials are letters of its own, too; no word is a single short syllable.
        "ta": "பி சி டி எஃப் எப் ஜி எச் ஹெச் ஜே கே எல் எம் என் ஆர் எஸ் டபிள்யூ எக்ஸ் ஒய் யு வி "
        "கு சு து நு பு மு ரு லு கி தி நி மி ரி லி செ தெ நெ பெ மெ வெ ஜெ",
        "te": "బి సి డి ఎఫ్ జి హెచ్ జె కె ఎల్ ఎం ఎమ్ ఎన్ పి ఆర్ ఎస్ టి యు వి వై",
        "kn": "ಬಿ ಸಿ ಡಿ ಎಫ್ ಜಿ ಎಚ್ ಹೆಚ್ ಜೆ ಕೆ ಎಲ್ ಎಂ ಎನ್ ಪಿ ಆರ್ ಎಸ್ ಟಿ ಯು ವಿ ವೈ",
        "ml": "ബി സി ഡി എഫ് ജി എച്ച് ജെ കെ എൽ എം എൻ പി എസ് ടി യു വി വൈ",
    }
)
"""Names of letters, which initials are written with: एम. के. गांधी."""

LETTERS_AND_WORDS = _by_language(
    {
        "hi": "पी सी टी जी आई ओ",  # drank, like, tea, yes, came
        "mr": "पी टी जी आई ओ",
        "bn": "কে আর জি আই ও",
        "gu": "પી સી ટી જી આઈ",
        "pa": "ਸੀ ਪੀ ਵੀ ਟੀ ਜੀ ਕੇ ਆਈ",  # ਸੀ, "was", ends every other sentence
        "or": "କେ ଆର ଜି ଆଇ",
        "ml": "ആർ",
    }
)
"""Names of letters that are words as well: initials beside other initials only."""

ENDINGS = _words(
    "था थी थे है हैं हूँ हो दो दी दे लो ली ले जा आ ना न तो ही भी का की के में गा ये वो का नो घे ये जा ते ती तो "
    "না নে দে যা কী গে হে ছি আ છે છું હા ના જા શું છો દે ਹੈ ਹਾਂ ਹੋ ਦੇ ਲੈ ਜਾ ਨਾ ਤੋ ନା ଛି ଦେ ଯା "
    "வா போ தா நீ பூ தீ கை பை రా పో నా తే ಬಾ ಹೋ ತಾ വാ പോ താ നീ"
)
"""Words of one syllable that a sentence may end with, in any language of India."""
