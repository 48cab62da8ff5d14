"""Who hears when people change: nobody on duty, left, the next shift."""

from tests.small_company import Build, Posts, settings


def test_when_nobody_is_on_duty_the_owner_is_told(posts: Posts, small_company: Build) -> None:
    """Given agents who work in the afternoon only, then a warning at night wakes the owner."""
    posts.mention(0)
    document = settings(
        groups={"agents": [{"person": "anna", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    here = small_company(document).run_minutes(0, 15)
    assert here.mails_to() == [(15, "vera")]


def test_each_person_reads_in_their_own_language(posts: Posts, small_company: Build) -> None:
    """Given an agent who reads Russian, then her mail is in Russian, the manager's in English."""
    posts.mention(0)
    anna = {"name": "Анна", "email": "anna@acme.example", "language": "ru"}
    here = small_company(settings(people={"anna": anna})).run_minutes(0, 15, 60)
    russian, english = here.mails
    assert any("а" <= letter <= "я" for letter in russian.subject)
    assert not any("а" <= letter <= "я" for letter in english.subject)


def test_a_person_who_is_no_longer_in_the_settings(posts: Posts, small_company: Build) -> None:
    """Given an alert held for somebody who has left, then whoever hears of it now gets it."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    here = small_company().run_minutes(0, 5, 15, 20)
    gone = settings(policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["boris"]}]})
    del gone["companies"][0]["people"]["anna"]
    here.world.app.db.settings_store.push(gone, here.world.now())
    here.run_minutes(21)
    assert here.mails_to() == [(15, "anna"), (21, "boris")]
    assert here.mails[-1].posts == [second]
    assert here.waiting() == []


def test_with_nobody_on_duty_the_owner_gets_what_was_held_for_one_who_left(
    posts: Posts, small_company: Build
) -> None:
    """Given an alert held for somebody who has left, and nobody on duty, then the owner reads."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = small_company().run_minutes(0, 5, 15, 20)
    gone = settings(
        groups={"agents": [{"person": "boris", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    del gone["companies"][0]["people"]["anna"]
    here.world.app.db.settings_store.push(gone, here.world.now())
    here.run_minutes(21, 45)
    assert here.mails_to() == [(15, "anna"), (45, "vera")]


def shifts(**turns: str) -> dict[str, object]:
    """Agents on duty by the clock, who hear after 15 minutes."""
    levels = [
        {"name": "warning", "after": "15 min", "tell": ["agents"]},
        {"name": "critical", "after": "4 h", "tell": ["vera"]},
    ]
    return settings(
        people={key: f"{key}@acme.example" for key in turns},
        groups={"agents": [{"person": key, "hours": hours} for key, hours in turns.items()]},
        policy={"levels": levels},
    )


def test_alerts_held_back_by_the_window_go_to_the_next_shift(
    posts: Posts, small_company: Build
) -> None:
    """Given an alert held for an agent whose shift ends at 9:25, then the next one hears then."""
    posts.mention(0, "7")
    held = posts.mention(5, "8")
    here = small_company(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="17:25-01:25"))
    here.run_minutes(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.mails_to() == [(15, "anna"), (25, "gleb")]
    assert here.mails[-1].posts == [held]
    assert here.waiting() == []


def test_people_already_told_are_not_told_again_when_a_shift_ends(
    posts: Posts, small_company: Build
) -> None:
    """Given two agents told alike, one goes home with hers held: the other has read it."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = small_company(shifts(anna="01:25-09:25", gleb="09:16-17:25"))
    here.run_minutes(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.mails_to() == [(15, "anna"), (20, "gleb")]
    assert here.waiting() == []


def test_a_burst_held_back_is_handed_over_complete(posts: Posts, small_company: Build) -> None:
    """Given two hundred alerts held at the end of a shift, then the next one gets them all."""
    posts.mention(0, "7")
    asked = [posts.mention(2 + n / 40, str(5000 + n)) for n in range(200)]
    here = small_company(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="09:25-17:25"))
    here.run_minutes(0, 5, 8, 15).flag_and_send_at(17, 18, 19, 20, 21, 22, 23, 24, 25)
    assert [x for x in here.mails_to() if x[1] != "anna"] == [(25, "dina"), (25, "gleb")]
    for mail in here.mails[-2:]:
        assert f"{len(asked)} waiting" in mail.subject
