//! `asymbl records MODEL --format parquet`: a column for each field, for programs that compute with many records.
//!
//! Texts are strings, moments are timestamps in UTC with milliseconds, numbers are doubles; lists and objects are JSON.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use serde_json::Value;

use host_runner::unified::{Field, Kind, Model, Timestamp};

/// Records in a row group: what is in memory at once.
const GROUP: usize = 10_000;

/// Writes records as they come; returns how many.
pub(super) fn write(
    model: Model,
    records: impl Iterator<Item = anyhow::Result<Value>>,
    out: impl Write + Send,
) -> anyhow::Result<u64> {
    let fields = model.fields();
    let columns = fields.iter().map(column).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder(model.name()).with_fields(columns);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let schema = Arc::new(schema.build()?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let mut written = 0;
    let mut rows = Vec::new();
    for record in records {
        rows.push(record?);
        if rows.len() == GROUP {
            written += group(&mut file, fields, &mut rows)?;
        }
    }
    if !rows.is_empty() {
        written += group(&mut file, fields, &mut rows)?;
    }
    file.close()?;
    Ok(written)
}

fn column(field: &Field) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match field.kind {
        Kind::Number => (Physical::DOUBLE, None),
        Kind::DateTime | Kind::MirrorStamp => {
            let stamp = LogicalType::timestamp(true, TimeUnit::MILLIS);
            (Physical::INT64, Some(stamp))
        }
        kind if is_text(kind) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        _ => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    let column = Type::primitive_type_builder(field.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    Ok(Arc::new(column.build()?))
}

fn is_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::UnifiedId | Kind::RemoteId | Kind::Text | Kind::Reference(_) | Kind::Word(_)
    )
}

/// Writes a row group, and empties the rows.
fn group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    fields: &[Field],
    rows: &mut Vec<Value>,
) -> anyhow::Result<u64> {
    let mut group = file.next_row_group()?;
    for field in fields {
        let Some(mut column) = group.next_column()? else {
            break;
        };
        let cells = || rows.iter().map(|row| &row[field.name]);
        let millis = |cell: &Value| Some(Timestamp::parse(cell.as_str()?).ok()?.millis());
        match field.kind {
            Kind::Number => fill::<DoubleType>(&mut column, cells().map(Value::as_f64))?,
            Kind::DateTime | Kind::MirrorStamp => {
                fill::<Int64Type>(&mut column, cells().map(millis))?;
            }
            _ => fill::<ByteArrayType>(&mut column, cells().map(bytes))?,
        }
        column.close()?;
    }
    group.close()?;
    let written = rows.len() as u64;
    rows.clear();
    Ok(written)
}

fn bytes(cell: &Value) -> Option<ByteArray> {
    let text = match cell {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(ByteArray::from(text.into_bytes()))
}

/// Writes a column; what is none is null.
fn fill<D: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<D::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let written = column
        .typed::<D>()
        .write_batch(&values, Some(&levels), None);
    written.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use serde_json::json;

    #[test]
    fn a_file_is_read_back_with_its_types_and_nulls() {
        let rows = (0..GROUP + 5).map(|number| {
            Ok(json!({
                "id": format!("i{number}"),
                "name": if number == 1 { Value::Null } else { json!("Wéld\"er") },
                "salary_amount": if number == 2 { json!(1_250.5) } else { Value::Null },
                "changed_at": "2026-11-25T09:30:00.250Z",
                "custom_fields": { "a": 1 },
            }))
        });
        let mut file = Vec::new();
        let written = write(Model::Jobs, rows, &mut file).unwrap();
        assert_eq!(written, GROUP as u64 + 5);
        let read = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        assert_eq!(read.num_row_groups(), 2);
        let rows = read.get_row_iter(None).unwrap();
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        assert_eq!(rows.len(), GROUP + 5);
        let shown = |row: usize, name: &str| {
            let mut columns = rows[row].get_column_iter();
            let (_, value) = columns.find(|(column, _)| *column == name).unwrap();
            value.to_string()
        };
        assert_eq!(shown(0, "name"), "\"Wéld\"er\"");
        assert_eq!(shown(1, "name"), "null");
        assert_eq!(shown(2, "salary_amount"), "1250.5");
        assert_eq!(shown(GROUP + 4, "id"), format!("\"i{}\"", GROUP + 4));
        assert!(shown(0, "changed_at").starts_with("2026-11-25 09:30:00"));
        assert_eq!(shown(0, "custom_fields"), "\"{\"a\":1}\"");
        assert_eq!(shown(0, "status"), "null");
    }
}
