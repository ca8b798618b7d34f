use super::*;

#[test]
fn the_platforms_own_fields_say_so() {
    for model in describe_connector().models {
        for field in model
            .fields
            .iter()
            .filter(|f| ["id", "changed_at", "remote_deleted_at"].contains(&f.name.as_str()))
        {
            assert_eq!(
                field.note, "given by the platform",
                "{} {}",
                model.label, field.name
            );
        }
    }
}
