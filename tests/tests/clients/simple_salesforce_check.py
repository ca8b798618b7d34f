"""Runs the released simple-salesforce, unchanged, against a practice org. Any difference is an AssertionError.

Environment: ORG_URL (https), ORG_PROXY (http), ORG_CA, ORG_CLIENT_ID, ORG_CLIENT_SECRET, ORG_USERNAME, ORG_PASSWORD,
ORG_SECURITY_TOKEN.
"""

import datetime
import os

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

os.environ["REQUESTS_CA_BUNDLE"] = os.environ["ORG_CA"]
PROXIES = {"https": os.environ["ORG_PROXY"]}


def login():
    """By client credentials; the library builds https://acme.my.salesforce.com from the domain."""
    return Salesforce(
        consumer_key=os.environ["ORG_CLIENT_ID"],
        consumer_secret=os.environ["ORG_CLIENT_SECRET"],
        domain="acme.my",
        proxies=PROXIES,
    )


def password_logins():
    """SOAP login() with the security token, which is the library's default, and the OAuth password flow."""
    user = {"username": os.environ["ORG_USERNAME"], "proxies": PROXIES, "domain": "acme.my"}
    password, token = os.environ["ORG_PASSWORD"], os.environ["ORG_SECURITY_TOKEN"]
    by_soap = Salesforce(password=password, security_token=token, **user)
    assert by_soap.sf_instance == "acme.my.salesforce.com", by_soap.sf_instance
    assert by_soap.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    by_oauth = Salesforce(
        password=password + token,
        consumer_key=os.environ["ORG_CLIENT_ID"],
        consumer_secret=os.environ["ORG_CLIENT_SECRET"],
        **user,
    )
    assert by_oauth.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    refusal = refused(
        SalesforceAuthenticationFailed,
        lambda: Salesforce(password="wrong", security_token=token, **user),
    )
    assert refusal.code == "INVALID_LOGIN", refusal.code


def refused(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"{error.__name__} expected")


def queries(sf):
    count = sf.query("SELECT COUNT() FROM Contact")["totalSize"]
    assert count > 2000, count
    rows = sf.query_all("SELECT Id, LastName, Account.Name FROM Contact ORDER BY Id")
    assert rows["done"] and len(rows["records"]) == count
    assert rows["records"][0]["attributes"]["type"] == "Contact"
    ids = [row["Id"] for row in sf.query_all_iter("SELECT Id FROM Contact ORDER BY Id")]
    assert ids == [row["Id"] for row in rows["records"]]
    deleted = sf.query_all("SELECT Id FROM Contact", include_deleted=True)
    assert deleted["totalSize"] >= count
    with_children = sf.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account LIMIT 20")
    assert any(row["Contacts"] for row in with_children["records"])
    refusal = refused(SalesforceMalformedRequest, lambda: sf.query("SELECT Nope FROM Contact"))
    assert refusal.content[0]["errorCode"] == "INVALID_FIELD"
    return count


def descriptions(sf):
    names = [entry["name"] for entry in sf.describe()["sobjects"]]
    assert "Contact" in names and "bpats__Job__c" in names
    fields = {field["name"]: field for field in sf.Contact.describe()["fields"]}
    assert fields["MailingCity"]["compoundFieldName"] == "MailingAddress"
    assert sf.limits()["DailyApiRequests"]["Max"] == 100000
    assert sf.Contact.metadata()["objectDescribe"]["name"] == "Contact"


def records(sf):
    made = sf.Contact.create({"LastName": "Ferry", "Email": "ferry@example.com"})
    assert made["success"]
    assert sf.Contact.get(made["id"])["LastName"] == "Ferry"
    assert sf.Contact.update(made["id"], {"LastName": "Quay"}) == 204
    assert sf.Contact.get(made["id"])["LastName"] == "Quay"
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)
    window = (end - datetime.timedelta(days=1), end)
    assert made["id"] in sf.Contact.updated(*window)["ids"]
    assert sf.Contact.delete(made["id"]) == 204
    assert made["id"] in [row["id"] for row in sf.Contact.deleted(*window)["deletedRecords"]]
    refused(SalesforceResourceNotFound, lambda: sf.Contact.get(made["id"]))
    refusal = refused(SalesforceMalformedRequest, lambda: sf.Contact.create({"FirstName": "X"}))
    assert refusal.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    kept = sf.Contact.create({"LastName": "Lighter", "Email": "lighter@example.com"})
    found = sf.search("FIND {lighter} IN ALL FIELDS RETURNING Contact(Id, LastName)")
    assert [row["Id"] for row in found["searchRecords"]] == [kept["id"]], found


def bulk(sf, count):
    pages = list(sf.bulk2.Contact.query("SELECT Id, LastName, CreatedDate FROM Contact"))
    lines = sum(page.count('"003') for page in pages)
    assert lines == count, (lines, count)
    small = list(sf.bulk2.Contact.query("SELECT Id FROM Contact", max_records=1000))
    assert len(small) == -(-count // 1000), len(small)
    people = [{"LastName": f"Bulk {i}", "Email": f"bulk{i}@example.com"} for i in range(450)]
    people.append({"LastName": "", "Email": "nobody@example.com"})
    results = sf.bulk2.Contact.insert(records=people, batch_size=300)
    assert sum(result["numberRecordsProcessed"] for result in results) == 451, results
    assert sum(result["numberRecordsFailed"] for result in results) == 1
    job = results[0]["job_id"]
    assert sf.bulk2.Contact.get_successful_records(job).count('"003') == 300
    failed = sf.bulk2.Contact.get_failed_records(results[1]["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed
    found = sf.query_all("SELECT Id FROM Contact WHERE Email LIKE 'bulk%@example.com'")["records"]
    assert len(found) == 450
    updates = [{"Id": row["Id"], "Title": "Bulked"} for row in found]
    assert sf.bulk2.Contact.update(records=updates)[0]["numberRecordsFailed"] == 0
    deletes = [{"Id": row["Id"]} for row in found]
    assert sf.bulk2.Contact.delete(records=deletes)[0]["numberRecordsFailed"] == 0
    assert sf.query("SELECT COUNT() FROM Contact WHERE Title = 'Bulked'")["totalSize"] == 0


def bulk_v1(sf, count):
    """The library's older `bulk`, which speaks JSON."""
    rows = sf.bulk.Contact.query("SELECT Id, LastName FROM Contact")
    assert len({row["Id"] for row in rows}) == count == len(rows)
    people = [{"LastName": "Pilot"}, {"FirstName": "Nobody"}]
    made = sf.bulk.Contact.insert(people)
    assert [one["success"] for one in made] == [True, False], made
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    gone = sf.bulk.Contact.delete([{"Id": made[0]["id"]}])
    assert gone[0]["success"], gone


def main():
    password_logins()
    sf = login()
    assert sf.sf_instance == "acme.my.salesforce.com", sf.sf_instance
    queries(sf)
    descriptions(sf)
    records(sf)
    count = sf.query("SELECT COUNT() FROM Contact")["totalSize"]
    bulk(sf, count)
    bulk_v1(sf, sf.query("SELECT COUNT() FROM Contact")["totalSize"])
    token_only = Salesforce(
        instance_url=os.environ["ORG_URL"], session_id=sf.session_id, version="62.0"
    )
    assert token_only.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    stranger = Salesforce(instance_url=os.environ["ORG_URL"], session_id="00D!nothing")
    refused(SalesforceExpiredSession, lambda: stranger.query("SELECT Id FROM Account"))
    print("simple-salesforce: all checks passed")


main()
