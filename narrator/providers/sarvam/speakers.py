"""Sarvam's stock voices as data: the service lists them nowhere (contract 7).

As its own client library (0.1.39, October 2026) has them; none was tried against the service. Sexes are those
of the given names where the service's pages do not say, and left open where a name is given to both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

V2_FEMALE = ("anushka", "manisha", "vidya", "arya")
V2 = (*V2_FEMALE, "abhilash", "karun", "hitesh")
"""Of `bulbul:v2`, the first being the service's own choice."""

_V3 = """
    shubh aditya ritu priya neha rahul pooja rohan simran kavya amit dev ishita shreya ratan varun manan
    sumit roopa kabir aayan ashutosh advait anand tanya tarun sunny mani gokul vijay shruti suhani mohit
    kavitha rehan soham rupali
"""
V3 = tuple(_V3.split())
"""Of `bulbul:v3`, the first being the service's own choice."""

_STYLES: Mapping[str, str] = {
    "bn": """
        arnab conversation
        bimal suspense
        roopa conversational
    """,
    "en": """
        aditi stories
        amelia conversational
        aparna companion edtech
        ashwin sports sports_energetic
        chandrika stories
        dev recovery conversational
        deven conversation
        girish documentary devotional
        ishita customer medical numbers social stories
        kalpit edtech
        nachiket ads
        neha customer latenight
        nupur kids
        ojas social
        payal edtech
        ritu edtech latenight medical reels
        rohan recovery
        roopa conversational
        rustom suspense
        sanchita companion insurance recovery market social
        sarang narration
        shabana edtech
        shalini companion customer
        shubh narration numbers ads recovery audiobook narration_gentle sports
        simran narration automobile conversation customer edtech edtech_bot sales recovery ads therapist
        sophia conversational
        sunny social
        varun ads suspense
        zarina conversation
    """,
    "enhi": """
        ishita companion customer customer_expressive
        sanchita companion
        shalini companion customer
        shubh companion ads banking
        simran companion customer banking_expressive
        sunny customer
    """,
    "gu": """
        bhavik conversation
        pooja conversational customer
    """,
    "hi": """
        aarti customer
        aayan conversational
        aditya conversational sales
        advait character
        amit conversational
        anand documentary news
        aparna customer kyc
        aryaman ads
        ashok character news
        ashutosh conversational
        chaitra customer
        chhavi kids
        chirag social
        girish devotional
        ishita ads edtech banking ads_informal devotional numbers social
        kabir conversational
        kavya conversational
        kunal kids
        mahesh documentary
        manan conversational
        mani devotional conversational
        mohit conversational
        mukul ads suspense
        nachiket devotional
        priya recovery
        rahul conversational
        ratan latenight customer_expressive documentary devotional recovery social sports latenight_warm
        rehan social
        ritu customer_utility kids conversation customer edtech ads_formal banking ads_informal insurance
        ritu edtech_bot medical sales reels social customer_warm social_lively
        roopa companion narration recovery market conversational
        sanchita assistant edtech banking feedback ads_formal ads_informal interview romantic market social
        sanchita kyc
        sarika conversation
        shalini companion social
        shilpa narration
        shreya conversational news
        shruti edtech
        shubh customer ecomm stories_mixed devotional ads recovery stories_dramatic
        simran assistant narration automobile conversation news_breaking social_energetic social_excited
        simran latenight news recovery sales
        suchitra ecomm
        suhani social
        suman companion
        sumit conversational
        sunny ads reels
        tanya narration
        tarun conversational sales
        vaibhav social
        vandana ecomm
        vipul social
    """,
    "kn": """
        chaitra conversation narration
        chetan conversation
        suchitra narration
    """,
    "mr": """
        ishita conversational
        mrunal narration
        mukul stories
        neha narration
        nilesh conversation
        ritu insurance narration
        rupali stories
        soham narration
    """,
    "pa": """
        anand conversation customer
        harpreet narration
        jaspal banking
    """,
    "ta": """
        aravind ads suspense
        gokul narration
        vijay narration
    """,
    "te": """
        kavitha conversation narration
        pooja conversation
        tarun narration
    """,
}
"""Of `bulbul:v4-flash`, by language: a given name, and the styles that it has, a line each."""

V4_TAGS: Mapping[str, tuple[str, ...]] = {
    "bn": ("bn-IN",),
    "en": ("en-IN",),
    "enhi": ("en-IN", "hi-IN"),
    "gu": ("gu-IN",),
    "hi": ("hi-IN",),
    "kn": ("kn-IN",),
    "mr": ("mr-IN",),
    "pa": ("pa-IN",),
    "ta": ("ta-IN",),
    "te": ("te-IN",),
}
"""What the language in a persona's name stands for, BCP 47."""

_FEMALE = """
    aarti aditi amelia anushka aparna arya chaitra chandrika chhavi ishita kavitha kavya manisha neha nupur
    payal pooja priya ritu roopa rupali sanchita sarika shabana shalini shilpa shreya shruti simran sophia
    suchitra suhani tanya vandana vidya zarina
"""
_EITHER = frozenset({"harpreet", "mrunal", "suman"})

RENAMED: Mapping[str, str] = {
    "bappa_bn_conversation": "arnab_bn_conversation",
    "vetri_ta_ads": "aravind_ta_ads",
    "vetri_ta_suspense": "aravind_ta_suspense",
}
"""What voices are called now (6 October 2026)."""


def _personas() -> tuple[str, ...]:
    found = []
    for language, block in _STYLES.items():
        for line in block.split("\n"):
            if line.strip():
                name, *styles = line.split()
                found += [f"{name}_{language}_{style}" for style in styles]
    return tuple(found)


V4_FLASH = _personas()


def gender(speaker: str) -> Literal["female", "male", ""]:
    """Of a stock voice, as far as its given name tells."""
    name = speaker.partition("_")[0]
    if name in _EITHER:
        return ""
    return "female" if name in _FEMALE.split() else "male"
