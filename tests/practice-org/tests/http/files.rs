use super::client::small;
use base64::Engine as _;
use serde_json::json;

#[test]
fn a_file_sent_as_json_comes_back_byte_for_byte() {
    let org = small();
    let contact = org.first("SELECT Id FROM Contact LIMIT 1")["Id"].clone();
    let data = base64::engine::general_purpose::STANDARD.encode("hello résumé");
    let id = org.post("sobjects/ContentVersion", &json!({"PathOnClient": "cv.final.pdf", "VersionData": data, "FirstPublishLocationId": contact})).expect(201).json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("068"));
    let version = org.first(&format!("SELECT Title, ContentDocumentId, ContentSize, FileExtension, VersionData, IsLatest FROM ContentVersion WHERE Id = '{id}'"));
    assert_eq!(
        (
            &version["Title"],
            &version["ContentSize"],
            &version["IsLatest"]
        ),
        (&json!("cv.final"), &json!(14), &json!(true))
    );
    let path = version["VersionData"].as_str().unwrap();
    assert_eq!(org.get(path).expect(200).text, "hello résumé");
    let document = version["ContentDocumentId"].as_str().unwrap();
    assert!(document.starts_with("069"));
    let links = org.records(&format!("SELECT LinkedEntityId, ShareType FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"));
    assert!(links.iter().any(|link| link["LinkedEntityId"] == contact));
}

#[test]
fn a_multipart_upload_keeps_every_byte() {
    let org = small();
    let mut body = b"--edge\r\nContent-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json\r\n\r\n{\"PathOnClient\":\"a.txt\",\"Title\":\"A\"}\r\n--edge\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"a.txt\"\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec();
    body.extend_from_slice(b"line\r\n--almost\r\n");
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let headers = [("Content-Type", "multipart/form-data; boundary=\"edge\"")];
    let id = org
        .try_send("POST", "sobjects/ContentVersion", &headers, &body)
        .unwrap()
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        org.get(&format!("sobjects/ContentVersion/{id}/VersionData"))
            .expect(200)
            .text,
        "line\r\n--almost\r\n"
    );
    let composite = json!({"compositeRequest": [{"method": "GET", "url": format!("/services/data/v66.0/sobjects/ContentVersion/{id}/VersionData"), "referenceId": "r"}]});
    assert_eq!(
        org.post("composite", &composite).expect(200).json()["compositeResponse"][0]["httpStatusCode"],
        400
    );
}

#[test]
fn the_bytes_of_an_attachment_of_the_old_kind_are_counted() {
    let org = small();
    let contact = org.first("SELECT Id FROM Contact LIMIT 1")["Id"].clone();
    let body = base64::engine::general_purpose::STANDARD.encode("old body");
    let sent = json!({"Name": "old.txt", "Body": body, "ParentId": contact});
    let id = org.post("sobjects/Attachment", &sent).expect(201).json()["id"].clone();
    let id = id.as_str().unwrap();
    let row = org.first(&format!(
        "SELECT BodyLength FROM Attachment WHERE Id = '{id}'"
    ));
    assert_eq!(row["BodyLength"], 8);
    let path = format!("sobjects/Attachment/{id}/Body");
    assert_eq!(org.get(&path).expect(200).text, "old body");
}
