//! One field: everything describe tells about it, and where its value comes from.

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Number of a field within its object; never reused after a field is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u16);

/// The describe types (salesforce-api.md 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(
    missing_docs,
    reason = "the names are the platform's own and say all there is"
)]
pub enum FieldType {
    Id,
    Reference,
    String,
    Textarea,
    Picklist,
    Multipicklist,
    Combobox,
    Boolean,
    Int,
    Long,
    Double,
    Currency,
    Percent,
    Date,
    Datetime,
    Time,
    Email,
    Phone,
    Url,
    Address,
    Location,
    Base64,
    Encryptedstring,
    #[serde(rename = "anyType")]
    AnyType,
    Complexvalue,
    Datacategorygroupreference,
    Json,
    Masterrecord,
}

impl FieldType {
    /// The name in describe's `type`.
    pub fn name(self) -> &'static str {
        use FieldType as T;
        match self {
            T::Id => "id",
            T::Reference => "reference",
            T::String => "string",
            T::Textarea => "textarea",
            T::Picklist => "picklist",
            T::Multipicklist => "multipicklist",
            T::Combobox => "combobox",
            T::Boolean => "boolean",
            T::Int => "int",
            T::Long => "long",
            T::Double => "double",
            T::Currency => "currency",
            T::Percent => "percent",
            T::Date => "date",
            T::Datetime => "datetime",
            T::Time => "time",
            T::Email => "email",
            T::Phone => "phone",
            T::Url => "url",
            T::Address => "address",
            T::Location => "location",
            T::Base64 => "base64",
            T::Encryptedstring => "encryptedstring",
            T::AnyType => "anyType",
            T::Complexvalue => "complexvalue",
            T::Datacategorygroupreference => "datacategorygroupreference",
            T::Json => "json",
            T::Masterrecord => "masterrecord",
        }
    }

    /// True for `double`, `currency` and `percent`.
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }

    /// True for address and location: values made of other fields.
    pub fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location)
    }
}

/// One entry of a value list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PicklistValue {
    /// API value.
    pub value: String,
    /// Text shown to people.
    pub label: String,
    /// False once an admin retired it.
    pub active: bool,
    /// The value new rows get.
    pub default: bool,
}

/// What happens to a row when the row it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeleteRule {
    /// The reference becomes null.
    #[default]
    SetNull,
    /// The row is deleted too.
    Cascade,
    /// The deletion is refused.
    Restrict,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// Stored in the row.
    #[default]
    Stored,
    /// The row's id.
    Id,
    /// Whether the row is in the recycle bin.
    IsDeleted,
    /// The row's system stamp.
    SystemModstamp,
    /// First and last name, joined.
    PersonName,
    /// An object made of the fields that name this one as their compound.
    Compound,
    /// Computed at read time by a registered formula; null until one is registered.
    Formula,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Number within the object.
    pub id: FieldId,
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Describe type.
    pub kind: FieldType,
    /// Maximum characters of text types, else 0.
    pub length: u32,
    /// Digits in all, of decimal types.
    pub precision: u32,
    /// Digits after the point, of decimal types.
    pub scale: u32,
    /// Digits of `int` fields.
    pub digits: u32,
    /// API names of the objects a reference may point to; some may be absent from the org.
    pub reference_to: Vec<String>,
    /// Name for the way up, e.g. `Account` for `AccountId`.
    pub relationship_name: Option<String>,
    /// Name for the way down, on the object referred to.
    pub child_relationship: Option<String>,
    /// May be null.
    pub nillable: bool,
    /// Must be given on create.
    pub required: bool,
    /// No two rows may hold the same value.
    pub unique: bool,
    /// Marked as external id.
    pub external_id: bool,
    /// Usable as key of an upsert.
    pub id_lookup: bool,
    /// Text compared with case.
    pub case_sensitive: bool,
    /// Computed: a formula.
    pub calculated: bool,
    /// Name ends in `__c`.
    pub custom: bool,
    /// May be given on create.
    pub createable: bool,
    /// May be changed.
    pub updateable: bool,
    /// May stand in WHERE.
    pub filterable: bool,
    /// May stand in ORDER BY.
    pub sortable: bool,
    /// May stand in GROUP BY.
    pub groupable: bool,
    /// Works with aggregate functions.
    pub aggregatable: bool,
    /// Value list of picklists.
    pub picklist: Vec<PicklistValue>,
    /// Only values of the list are accepted.
    pub restricted: bool,
    /// What a new row gets when nothing is given.
    pub default: Value,
    /// Auto-number format such as `APP-{00000}`.
    pub auto_number: Option<String>,
    /// Rich text.
    pub html: bool,
    /// API name of the compound field this one is part of.
    pub compound: Option<String>,
    /// The object's name field.
    pub name_field: bool,
    /// Filled by the platform when not given.
    pub defaulted_on_create: bool,
    /// Reference to a master: owns nothing by itself, dies with it.
    pub master_detail: bool,
    /// What the deletion of the row referred to does.
    pub on_delete: DeleteRule,
    /// Describe's `extraTypeInfo`.
    pub extra_type_info: Option<String>,
    /// What the formula does, in words; a formula field may have none.
    pub formula: Option<String>,
    /// Where the value comes from.
    pub source: Source,
    /// Taken out at run time; kept so that numbers stay stable.
    pub(crate) removed: bool,
}

impl Field {
    /// True for text that no filter accepts: more than 255 characters, or rich (salesforce-api.md 2.5).
    pub fn is_long_text(&self) -> bool {
        self.kind == FieldType::Textarea && (self.length > 255 || self.html)
    }

    /// True for a reference to several kinds of objects (or to users and queues), whose relationship is polymorphic.
    pub fn is_polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    /// The active value equal to `text`, in any case.
    pub fn picklist_value(&self, text: &str) -> Option<&PicklistValue> {
        self.picklist
            .iter()
            .find(|v| v.active && v.value.eq_ignore_ascii_case(text))
    }
}
