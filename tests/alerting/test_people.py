"""Who is alerted when people change: nobody on duty, somebody removed, the next shift."""

from tests.small_company import Build, Posts, settings


def test_when_nobody_is_on_duty_the_owner_is_alerted(posts: Posts, small_company: Build) -> None:
    """With agents on duty in the afternoon only, a warning in the morning goes to the owner."""
    posts.mention(0)
    document = settings(
        groups={"agents": [{"person": "anna", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    here = small_company(document).run_minutes(0, 15)
    assert here.mails_to() == [(15, "vera")]


def test_each_person_reads_in_their_own_language(posts: Posts, small_company: Build) -> None:
    """An agent who reads Russian gets a Russian mail, the manager an English one."""
    posts.mention(0)
    anna = {"name": "Анна", "email": "anna@acme.example", "language": "ru"}
    here = small_company(settings(people={"anna": anna})).run_minutes(0, 15, 60)
    russian, english = here.mails
    assert any("а" <= letter <= "я" for letter in russian.subject)
    assert not any("а" <= letter <= "я" for letter in english.subject)


def test_alerts_held_for_a_removed_person_go_to_the_current_recipients(
    posts: Posts, small_company: Build
) -> None:
    """An alert held for somebody who was removed goes to the person whom the level names now."""
    posts.mention(0, "7")
    second = posts.mention(5, "8")
    here = small_company().run_minutes(0, 5, 15, 20)
    without_anna = settings(
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["boris"]}]}
    )
    del without_anna["companies"][0]["people"]["anna"]
    here.world.app.db.settings_store.push(without_anna, here.world.now())
    here.run_minutes(21)
    assert here.mails_to() == [(15, "anna"), (21, "boris")]
    assert here.mails[-1].posts == [second]
    assert here.waiting() == []


def test_with_nobody_on_duty_the_owner_gets_alerts_held_for_a_removed_person(
    posts: Posts, small_company: Build
) -> None:
    """When no agent is on duty, the owner is the next in line."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = small_company().run_minutes(0, 5, 15, 20)
    without_anna = settings(
        groups={"agents": [{"person": "boris", "hours": "14:00-18:00"}]},
        policy={"levels": [{"name": "warning", "after": "15 min", "tell": ["agents"]}]},
    )
    del without_anna["companies"][0]["people"]["anna"]
    here.world.app.db.settings_store.push(without_anna, here.world.now())
    here.run_minutes(21, 45)
    assert here.mails_to() == [(15, "anna"), (45, "vera")]


def shifts(**hours_by_person: str) -> dict[str, object]:
    """Return settings whose agents are on duty at these hours and are alerted after 15 minutes."""
    levels = [
        {"name": "warning", "after": "15 min", "tell": ["agents"]},
        {"name": "critical", "after": "4 h", "tell": ["vera"]},
    ]
    return settings(
        people={key: f"{key}@acme.example" for key in hours_by_person},
        groups={
            "agents": [{"person": key, "hours": hours} for key, hours in hours_by_person.items()]
        },
        policy={"levels": levels},
    )


def test_alerts_held_back_by_the_window_go_to_the_next_shift(
    posts: Posts, small_company: Build
) -> None:
    """An alert held for an agent whose shift ends at 9:25 goes to the next agent at 9:25."""
    posts.mention(0, "7")
    held = posts.mention(5, "8")
    here = small_company(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="17:25-01:25"))
    here.run_minutes(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.mails_to() == [(15, "anna"), (25, "gleb")]
    assert here.mails[-1].posts == [held]
    assert here.waiting() == []


def test_nobody_is_alerted_twice_when_a_shift_ends(posts: Posts, small_company: Build) -> None:
    """An alert held for an agent lapses at the end of her shift if her colleague already has it."""
    posts.mention(0, "7")
    posts.mention(5, "8")
    here = small_company(shifts(anna="01:25-09:25", gleb="09:16-17:25"))
    here.run_minutes(0, 5, 15, 20, 24, 25, 26, 45)
    assert here.mails_to() == [(15, "anna"), (20, "gleb")]
    assert here.waiting() == []


def test_a_burst_held_back_is_handed_over_complete(posts: Posts, small_company: Build) -> None:
    """Two hundred alerts held at the end of a shift all go to the agents of the next one."""
    posts.mention(0, "7")
    asked = [posts.mention(2 + n / 40, str(5000 + n)) for n in range(200)]
    here = small_company(shifts(anna="01:25-09:25", gleb="09:25-17:25", dina="09:25-17:25"))
    here.run_minutes(0, 5, 8, 15).flag_and_send_at(17, 18, 19, 20, 21, 22, 23, 24, 25)
    assert [x for x in here.mails_to() if x[1] != "anna"] == [(25, "dina"), (25, "gleb")]
    for mail in here.mails[-2:]:
        assert f"{len(asked)} waiting" in mail.subject
