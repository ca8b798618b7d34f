"""Runs the released `kombo` client, unchanged, against `asymbl serve`. Any difference is an assertion error.

Environment: SERVE_URL, SERVE_KEY, SERVE_INTEGRATION, SERVE_DISABLED (a tenant without candidates and without moves),
SERVE_EXPECTED (a file: JSON of the mirror's live ids by list). The org is changed through the passthrough.
"""
import json
import os
import time
import urllib.request

from kombo import Kombo
from kombo.errors import KomboAtsError

URL = os.environ["SERVE_URL"] + "/v1"
EXPECTED = json.load(open(os.environ["SERVE_EXPECTED"]))


def client(integration=os.environ["SERVE_INTEGRATION"], key=os.environ["SERVE_KEY"]):
    return Kombo(api_key=key, integration_id=integration, server_url=URL)


kombo = client()


def every(call, **query):
    page, found = call(**query), []
    while page is not None:
        found += page.result.data.results
        page = page.next()
    return found


def code_of(call):
    try:
        call()
    except KomboAtsError as error:
        return error.data.error.code
    raise AssertionError("no error")


def send(method, path, data=None):
    answer = kombo.general.send_passthrough_request(tool="asymbl", api="v63", method=method, path=path, data=data)
    return answer.data


def sync():
    kombo.general.trigger_sync(type_="DELTA")


def until(what, check):
    for _ in range(200):
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("still not so: " + what)


# Every list, two records a page, equals the mirror.
lists = {
    "users": kombo.ats.get_users,
    "jobs": kombo.ats.get_jobs,
    "candidates": kombo.ats.get_candidates,
    "applications": kombo.ats.get_applications,
    "application-stages": kombo.ats.get_application_stages,
}
everything = {}
for name, call in lists.items():
    everything[name] = every(call, page_size=2)
    assert [record.id for record in everything[name]] == EXPECTED[name], name

# Each filter finds what a look at all records finds.
jobs, candidates = everything["jobs"], everything["candidates"]
applications, users = everything["applications"], everything["users"]


def same(found, wanted):
    assert wanted, "nothing to find"
    assert [record.id for record in found] == [record.id for record in wanted]


for name, call in lists.items():
    some = everything[name][1:4]
    same(every(call, ids=[one.id for one in some], page_size=2), some)
    same(every(call, remote_ids=[one.remote_id for one in some]), some)
    assert every(call, ids=["1" * 24]) == []
email = next(user.email for user in users if user.email)
same(every(kombo.ats.get_users, emails=[email.upper()]), [u for u in users if u.email == email])
same(every(kombo.ats.get_jobs, statuses=["OPEN"], page_size=2), [j for j in jobs if j.status == "OPEN"])
kind = next(job.employment_type for job in jobs if job.employment_type)
same(every(kombo.ats.get_jobs, employment_types=[kind]), [j for j in jobs if j.employment_type == kind])
seen = next(job.visibility for job in jobs if job.visibility)
same(every(kombo.ats.get_jobs, visibilities=[seen]), [j for j in jobs if j.visibility == seen])
same(every(kombo.ats.get_jobs, job_codes=[jobs[2].job_code]), [jobs[2]])
word = jobs[0].name.split()[0].lower()
same(every(kombo.ats.get_jobs, name_contains=word), [j for j in jobs if word in j.name.lower()])
day = sorted(job.remote_created_at for job in jobs)[len(jobs) // 2]
midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
same(every(kombo.ats.get_jobs, remote_created_after=day), [j for j in jobs if j.remote_created_at >= midnight])
assert every(kombo.ats.get_jobs, post_url="https://jobs.example.com/1") == []
same(every(kombo.ats.get_jobs, post_url="https://jobs.example.com/1", ignore_unsupported_filters=True), jobs)
person = next(c for c in candidates if c.email_addresses and c.first_name and c.last_name)
address = person.email_addresses[0].email_address
has = lambda c: any(e.email_address.lower() == address.lower() for e in c.email_addresses)
same(every(kombo.ats.get_candidates, email=address.upper()), [c for c in candidates if has(c)])
same(
    every(kombo.ats.get_candidates, first_name=person.first_name.lower(), last_name=person.last_name.upper()),
    [c for c in candidates if (c.first_name, c.last_name) == (person.first_name, person.last_name)],
)
job = next(job for job in jobs if any(a.job_id == job.id for a in applications))
of_job = [a for a in applications if a.job_id == job.id]
same(every(kombo.ats.get_applications, job_ids=[job.id], page_size=2), of_job)
same(every(kombo.ats.get_applications, job_remote_ids=[job.remote_id]), of_job)
people = {application.candidate_id for application in of_job}
same(every(kombo.ats.get_candidates, job_ids=[job.id], page_size=2), [c for c in candidates if c.id in people])
stage = of_job[0].current_stage_id
same(
    every(kombo.ats.get_applications, current_stage_ids=[stage]),
    [a for a in applications if a.current_stage_id == stage],
)
same(
    every(kombo.ats.get_applications, outcomes=["HIRED", "DECLINED"], page_size=2),
    [a for a in applications if a.outcome in ("HIRED", "DECLINED")],
)
# What is nested is the record itself.
assert of_job[0].job.name == job.name and of_job[0].current_stage.id == stage
assert {a.id for c in candidates for a in c.applications} <= {a.id for a in applications}
assert all(j.stages == sorted(j.stages, key=lambda s: s.index) for j in jobs)

# All five actions.
opened = [job for job in jobs if job.status == "OPEN"]
made = kombo.ats.create_candidate(
    candidate={"first_name": "Ada", "last_name": "Client", "email_address": "ada.client@example.com"},
    application={"job_id": opened[0].id},
    attachments=[{"name": "cv.txt", "type": "CV", "content_type": "text/plain", "data": "aGFsbG8="}],
)
assert made.data.first_name == "Ada" and made.data.applications[0].job.id == opened[0].id
found = kombo.ats.get_candidates(ids=[made.data.id]).result.data.results
assert [one.id for one in found] == [made.data.id], "what was written is in the lists at once"
applied = kombo.ats.create_application(
    job_id=opened[1].id,
    candidate={"first_name": "Ada", "last_name": "Client", "email_address": "ada.client@example.com"},
)
assert applied.data.candidate.id == made.data.id and applied.data.job.id == opened[1].id
further = opened[1].stages[1]
assert kombo.ats.move_application_to_stage(application_id=applied.data.id, stage_id=further.id).warnings == []
moved = kombo.ats.get_applications(ids=[applied.data.id]).result.data.results[0]
assert moved.current_stage.id == further.id
kombo.ats.add_application_attachment(
    application_id=applied.data.id,
    attachment={"name": "more.txt", "type": "OTHER", "content_type": "text/plain", "data": "bW9yZQ=="},
)
files = kombo.ats.get_candidate_attachments(candidate_id=made.data.id).data.results
assert sorted(file.file_name for file in files) == ["cv.txt", "more.txt"]
bodies = sorted(urllib.request.urlopen(file.data_url).read() for file in files)
assert bodies == [b"hallo", b"more"]

# An update and a delete in the org.
before = max(candidate.changed_at for candidate in every(kombo.ats.get_candidates))
assert send("PATCH", f"/services/data/v66.0/sobjects/Contact/{person.remote_id}", {"Title": "Pilot"}).status == 204
sync()
changed = until("the update", lambda: [
    c for c in every(kombo.ats.get_candidates, updated_after=before, page_size=2) if c.id == person.id and c.title == "Pilot"
])
assert changed[0].changed_at > before
theirs = [a.id for a in changed[0].applications]
touched = {a.id for a in every(kombo.ats.get_applications, updated_after=changed[0].changed_at)}
assert set(theirs) <= touched, "an application changes with its candidate"
for application in theirs:
    remote = next(a.remote_id for a in applications if a.id == application)
    assert send("DELETE", f"/services/data/v66.0/sobjects/bpats__ATS_Applicant__c/{remote}").status == 204
assert send("DELETE", f"/services/data/v66.0/sobjects/Contact/{person.remote_id}").status == 204
sync()
until("the delete", lambda: every(kombo.ats.get_candidates, ids=[person.id]) == [])
gone = every(kombo.ats.get_candidates, ids=[person.id], include_deleted=True)
assert gone[0].remote_deleted_at is not None and gone[0].first_name == person.first_name
# Applications are synced after candidates.
until("theirs", lambda: every(kombo.ats.get_candidates, ids=[person.id], include_deleted=True)[0].applications == [])

# Errors have the codes that the client knows.
assert code_of(client(key="x" * 30).ats.get_jobs) == "PLATFORM.AUTHENTICATION_INVALID"
assert code_of(client("asymbl:nobody").ats.get_jobs) == "PLATFORM.INTEGRATION_NOT_FOUND"
assert code_of(lambda: kombo.ats.get_jobs(cursor="x")) == "PLATFORM.INPUT_INVALID"
disabled = client(os.environ["SERVE_DISABLED"])
assert code_of(disabled.ats.get_candidates) == "INTEGRATION.MODEL_DISABLED"
move = lambda: disabled.ats.move_application_to_stage(application_id=applied.data.id, stage_id=further.id)
assert code_of(move) == "INTEGRATION.ACTION_DISABLED"
closed = next(job for job in jobs if job.status == "CLOSED")
person = {"first_name": "Bo", "last_name": "Client", "email_address": "bo.client@example.com"}
create = lambda where: kombo.ats.create_application(job_id=where.id, candidate=person)
assert code_of(lambda: create(closed)) == "ATS.JOB_CLOSED"
create(opened[0])
assert code_of(lambda: create(opened[0])) == "ATS.APPLICATION_ALREADY_EXISTS"
wrong = dict(person, email_address="nobody")
assert code_of(lambda: kombo.ats.create_application(job_id=opened[0].id, candidate=wrong)) == "PLATFORM.INPUT_INVALID"
# An error of the ATS is an answer.
assert send("GET", "/services/data/v66.0/sobjects/Nothing").status == 404

print("all checks passed")
