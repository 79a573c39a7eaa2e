"""Voices by name: Hume's library as data, and what a cast may write.

    hume/Ava Song                a voice of Hume's library, by its name; capitals do not matter
    hume/<uuid>                  the same by its id, for voices added since this list was made
    hume/custom/<name or uuid>   a voice kept in the account
    hume                         one made from the role's `description`

The service tells its own voices from the account's by a field of the request, so a cast does too: a
voice that is looked for among the wrong ones is answered with a 404.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from narrator.errors import UnknownVoice
from narrator.providers.hume.settings import NAME

CUSTOM = "custom/"
"""What the name of a voice kept in the account begins with."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_APOSTROPHES = str.maketrans("’ʼ`", "'" * 3)


def is_id(voice: str) -> bool:
    """Whether *voice* is an id and not a name."""
    return _UUID.fullmatch(voice) is not None


def find(voice: str) -> str:
    """
    A voice as a cast writes it (after `hume/`), in its one canonical form.

    Raises:
        UnknownVoice: neither a name of the library, nor an id, nor a voice of the account.
    """
    wanted = " ".join(voice.split())
    custom = wanted[: len(CUSTOM)].lower() == CUSTOM
    if custom:
        own = wanted[len(CUSTOM) :].strip()
        if own:
            return CUSTOM + (own.lower() if is_id(own) else own)
    elif is_id(wanted):
        return wanted.lower()
    elif (known := _FOLDED.get(_fold(wanted))) is not None:
        return known
    raise UnknownVoice(
        f"{NAME}/{voice}",
        () if custom else (f"{NAME}/{name}" for name in (*LIBRARY, *UNNUMBERED)),
        remedy=(
            f"`narrator voices {NAME} --search ...` lists Hume's voices and the account's own; one of the"
            f" account is written `{NAME}/{CUSTOM}NAME`, and one that is newer than narrator by its id"
        ),
    )


def reference(voice: str) -> dict[str, str]:
    """What a request says for a voice in its canonical form (contract 5.2).

    Always with whose voice it is: left out, the service looks among the account's own.
    """
    own = voice.startswith(CUSTOM)
    name = voice.removeprefix(CUSTOM)
    return {"id" if is_id(name) else "name": name, "provider": "CUSTOM_VOICE" if own else "HUME_AI"}


def _fold(name: str) -> str:
    return " ".join(name.translate(_APOSTROPHES).casefold().split())


# Names and ids as other programs have published them (2025); none was tried against the service.
LIBRARY: Mapping[str, str] = {
    "Alice Bennett": "a7ecc00a-6fc0-4546-8126-e12cfd8de3bf",
    "American Lead Actress": "43e411b3-b2cc-40da-b742-4abf0e3557b2",
    "Articulate ASMR British Narrator": "4652d91b-edaf-42c5-abd4-904009422de3",
    "Aunt Tea": "1a655f88-551e-4633-a502-4c0d668168e8",
    "Ava Song": "5bb7de05-c8fe-426a-8fcc-ba4fc4ce9f9c",
    "Awe Inspired Guy": "2a7b176a-ca45-4ff8-8a65-56f873a5fdc7",
    "Big Dicky": "95f9baac-4512-4edb-a73e-2070784ccc2f",
    "Booming American Narrator": "445d65ed-a87f-4140-9820-daf6d4f0a200",
    "Booming British Narrator": "84aaf67b-dcab-409d-9f48-8c4aa7abbb24",
    "Brooding Intellectual Man": "15f594d3-0683-4585-b799-ce12e939a0e2",
    "California Frat Bro": "a3d1e23c-403e-423b-aeae-c568ad0bccba",
    "Campfire Narrator": "b89de4b1-3df6-4e4f-a054-9aed4351092d",
    "Caring Mother": "97fe9008-8584-4d56-8453-bd8c7ead3663",
    "Casual Podcast Host": "33045fd9-8010-43f6-b6b0-da3fbf326c29",
    "Charismatic Politician Man": "4b305eef-58eb-455c-a154-be40c3129d0b",
    "Charming Cowgirl": "3f636d17-44c7-4872-93d1-0c8f51c916a3",
    "Cheerful Canadian": "dd39f331-a857-4c20-908a-1f0c56b0a79b",
    "Cheerful Irishman": "d8de3d55-9fcc-4aad-ac93-131141602717",
    "Classical Film Actor": "fcd2297b-44dd-4115-97af-a13297afb8cb",
    "Classical Film Actress": "faf64860-5d8c-44b2-9fc3-88717d307ce8",
    "Colorful Fashion Influencer": "a2cff8f5-1550-4597-9139-63ac4a468b48",
    "Colton Rivers": "d8ab67c6-953d-4bd8-9370-8fa53a0f1453",
    "Comforting Male Conversationalist": "99d2cb9c-9011-4ead-8734-641656d3df66",
    "Comical Vampire": "39e3bc67-3cac-477e-910c-0bb91f3191a8",
    "Conversational English Guy": "d1248151-8613-41c1-b524-4ce242b02090",
    "Cool Journalist": "f3f69312-095c-4ec3-8e50-6961c676e898",
    "Deep Male Conversational Voice": "9c5a3d53-4a8c-4fa2-adad-8e61a830d0e8",
    "Demure Conversationalist": "d6fd5cc2-53e6-4e80-ba83-93972682386a",
    "Donovan Sinclair": "f042c0be-b7cc-4a59-bea2-65f23e12c710",
    "Dramatic Movie Trailer Narrator": "c11052f5-96df-4c0e-9bba-07e0ad19c4b3",
    "Dungeon Master": "44cb3a51-07b4-4934-83fd-9d9e8d363ce6",
    "Ellie": "21289f74-417c-422c-be9f-b8f84ee07d44",
    "English Casual Conversationalist": "5add9038-28df-40a6-900c-2f736d008ab3",
    "English Children's Book Narrator": "a3cc3538-c557-45e0-ada0-b022937d51c1",
    "Excitable British Naturalist": "36e7572e-f5b2-477e-ae61-4400dbeaa034",
    "Expressive Girl": "6b530c02-5a80-4e60-bb68-f2c171c5029f",
    "Fastidious Robo-Butler": "661ab31e-c4d6-4a16-952a-b5806a9b4ad1",
    "Female Meditation Guide": "b270ea4b-d169-4d1b-83c4-2e816e947522",
    "French Chef": "f8a649d1-0fb6-4168-a1e2-e9ec41937c55",
    "Friendly Kiwi Girl": "35fc083c-a935-40cb-8cfe-805e76009041",
    "Friendly Kiwi Guy": "1200f557-fdf2-4960-8954-6a0591513051",
    "Friendly Troll": "9c2fa3e6-7bbf-4e71-8838-3d28f26cc269",
    "Geraldine Wallace": "06646694-ba2a-4bca-ae3c-71d79c6b04a3",
    "Ghost With Unfinished Business": "2c0e2c10-ac19-4aac-93d0-29c385d7364e",
    "Grizzled New Yorker": "9388af0d-4d33-4cdf-8b0a-f003b6cf9455",
    "Groovy Guy": "7e65fb10-8ef6-4faf-a111-875102d51b25",
    "Highly Reactive Guy": "da0a369e-7799-40d3-b5c8-3015f198ef57",
    "Imani Carter": "96ee3964-5f3f-4a5a-be09-393e833aaf0e",
    "Indian Actor": "710e69a0-ea28-4165-8b2f-c3453686b595",
    "Indian Actress": "1fe215ab-513c-4fc8-9233-fa64b65073ab",
    "Inspiring Man": "8c7d03bd-20d4-40e9-aca1-0469af8ae450",
    "Inspiring Older Guy": "de314c2f-0013-4e7c-92d0-f60ca114ff5b",
    "Inspiring Woman": "b201d214-914c-4d0a-b8e4-54adfc14a0dd",
    "Ito": "f60ecf9e-ff1e-4bae-9206-dba7c653a69e",
    "James the Archivist": "81c3cff8-5ac2-4411-be82-81e92fa73838",
    "Kora": "59cfc7ab-e945-43de-ad1a-471daa379c67",
    "Lady Elizabeth": "c7aa10be-57c1-4647-9306-7ac48dde3536",
    "Literature Professor": "5cad536a-3013-4f01-8390-d6d405d266a9",
    "Live Comedian": "cb1a4fae-dad5-4729-bd73-a43f570b9117",
    "Male Australian Naturalist": "6b69954e-6c9a-4ade-ad03-f73e116e1eae",
    "Male English Actor": "9e068547-5ba4-4c8e-8e03-69282a008f04",
    "Male Podcaster": "01854384-4e4e-48d4-90d1-b22f760a58b5",
    "Male Protagonist": "82a76fb8-3524-4e87-9265-9795c8e4ede6",
    "Medieval Peasant Man": "a1e5674e-3ef1-4394-913c-d4cd70b96801",
    "Medieval Peasant Woman": "a6984261-4b9f-492c-a5fd-9ddbe14039c4",
    "Medieval Town Crier": "0366be28-522b-432b-b346-119d5f21c3f2",
    "Mrs. Pembroke": "375cd12e-8216-4c6d-8d79-5dfd56fe19f5",
    "Mysterious Woman": "f898a92e-685f-43fa-985b-a46920f0650b",
    "Nasal Podcast Host": "203d3e34-e50b-48ab-a782-835fa39c36c6",
    "Nature Documentary Narrator": "176a55b1-4468-4736-8878-db82729667c1",
    "New York Comedian Guy": "28441f64-64a0-4df4-9bd2-478850ee5fac",
    "Old School Radio Announcer": "88e0c3f6-6f99-4e37-a3f4-a053869d6bd4",
    "Old-Timey English Priest": "27019e54-59c4-4400-a51c-7e5fd2142029",
    "Opinionated Guy": "89989d92-1de8-4e5d-97e4-23cd363e9788",
    "Pirate Captain": "2bc0fca6-d591-4855-abef-ec048a385e8f",
    "Rajesh": "8b9ed861-3382-455d-9c03-a40671943d6b",
    "Relaxing ASMR Woman": "aeaaf1f8-fe31-49ae-893d-c744e5207bc2",
    "Sad Old British Man": "55813df9-fdbb-4ec2-a539-1b91fd750ca6",
    "Scottish Guy": "a48360cb-14f3-460c-93f2-b38deb45400b",
    "Scottish Scott": "f49f18fc-4fe9-4e78-9338-0960d44b93f9",
    "Seasoned Midwestern Actress": "27e8dd8b-7e7c-4c1f-bfb2-c1b016487343",
    "Sebastian Lockwood": "522fc367-961f-4817-8929-81f433b4afe9",
    "Serene Assistant": "71de875d-bc14-4ed5-87da-8584ba4ea247",
    "Sir Spandrel": "921ece15-27c1-4028-b6ac-82d2d93f65c4",
    "Sitcom Girl": "5bbc32c1-a1f6-44e8-bedb-9870f23619e2",
    "Sitcom Guy": "c5be03fa-09cc-4fc3-8852-7f5a32b5606c",
    "Soft Male Conversationalist": "b152864b-6720-496a-9d18-eaadb31516ee",
    "Steve Frisch": "f4703974-b6a1-45c8-ac72-72ea06e3dd43",
    "Terrence Bentley": "7f633ac4-8181-4e0d-99e1-11a4ef033691",
    "TikTok Fashion Influencer": "ebba4902-69de-4e01-9846-d8feba5a1a3f",
    "Tough Guy": "6a42908a-f332-4c39-a93a-98c7d6017f12",
    "Trevor": "41745808-6790-4be4-83db-363e20db7e71",
    "Turtle Guru": "e722344d-e09a-489d-9f10-b67a28edd35a",
    "Unserious Movie Trailer Narrator": "2ca55181-9d21-43b3-9e6e-0cb24a669e6c",
    "Unserious TV Host": "a5b1def0-16a5-4fcc-bfa8-2a0de2e35d93",
    "Vince Douglas": "ee96fb5f-ec1a-4f41-a9ba-6d119e64c8fd",
    "Warm American Female": "8a7dd58c-0cda-4073-9ce6-654184695e99",
    "Warm Female Assistant Voice": "a623d3ed-612c-413b-b09f-e0a379a317f0",
    "Warm Welsh Lady": "f33a4a30-d1bc-450e-9174-082dec6aa571",
    "Welsh Folk Storyteller": "4a9c32ab-e7b5-4439-a7be-54cca5ad9c07",
    "Wise Wizard": "e7024495-03e7-4e8b-8b22-27c54ee25ffa",
    "Wrestling Announcer": "dc6f3593-4ae1-46eb-9121-b872ad7ba1a0",
    "Yorkshire Chap": "2ae087da-ab61-4455-b095-4e926f0e75a2",
}

UNNUMBERED = ("Akira", "Anna", "Mika the Musician", "Priya", "Spanish Instructor")
"""Voices of the library whose names have been published without an id (2026), for languages of Octave 2."""

_FOLDED = {_fold(name): name for name in (*LIBRARY, *UNNUMBERED)}
