//! The getters of owned and mutable rows, which call those of `RecordRef`. Their rules and examples are there.

/// The getters of a type that has `as_ref(&self) -> RecordRef<'_>`.
macro_rules! delegate_getters {
    () => {
        /// The value of a field, or `None` if it is absent. See [`RecordRef::get`].
        #[must_use]
        pub fn get(&self, name: &str) -> Option<ValueRef<'_>> {
            self.as_ref().get(name)
        }

        /// The text of a field, or `None` if it is absent, null or not text. See [`RecordRef::str`].
        #[must_use]
        pub fn str(&self, name: &str) -> Option<&str> {
            self.as_ref().str(name)
        }

        /// The text of a field. See [`RecordRef::text`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or not text.
        pub fn text(&self, name: &str) -> Result<&str, FieldError> {
            self.as_ref().text(name)
        }

        /// A field as a bool. See [`RecordRef::bool`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn bool(&self, name: &str) -> Result<bool, FieldError> {
            self.as_ref().bool(name)
        }

        /// A field as a whole number. See [`RecordRef::i64`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn i64(&self, name: &str) -> Result<i64, FieldError> {
            self.as_ref().i64(name)
        }

        /// A field as a whole number that is not negative. See [`RecordRef::u64`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn u64(&self, name: &str) -> Result<u64, FieldError> {
            self.as_ref().u64(name)
        }

        /// A field as a float. See [`RecordRef::f64`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn f64(&self, name: &str) -> Result<f64, FieldError> {
            self.as_ref().f64(name)
        }

        /// A field as an instant. See [`RecordRef::timestamp`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn timestamp(&self, name: &str) -> Result<UtcDateTime, FieldError> {
            self.as_ref().timestamp(name)
        }

        /// A field as a date. See [`RecordRef::date`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn date(&self, name: &str) -> Result<Date, FieldError> {
            self.as_ref().date(name)
        }

        /// A field as an exact decimal number. See [`RecordRef::decimal`].
        ///
        /// # Errors
        ///
        /// [`FieldError`] if the field is absent, null or of another type.
        pub fn decimal(&self, name: &str) -> Result<Decimal, FieldError> {
            self.as_ref().decimal(name)
        }

        /// Whether a field is absent or null.
        #[must_use]
        pub fn is_null(&self, name: &str) -> bool {
            self.as_ref().is_null(name)
        }

        /// Whether the row has a field of this name, null or not.
        #[must_use]
        pub fn contains(&self, name: &str) -> bool {
            self.as_ref().contains(name)
        }

        /// The names of the fields that the row has, in order.
        pub fn names(&self) -> impl Iterator<Item = &str> {
            self.as_ref().names()
        }

        /// The fields that the row has, in order.
        pub fn iter(&self) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
            self.as_ref().iter()
        }

        /// How many fields the row has.
        #[must_use]
        pub fn len(&self) -> usize {
            self.as_ref().len()
        }

        /// Whether the row has no fields.
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.as_ref().is_empty()
        }

        /// Converts the row to a type that serde can deserialize. See [`RecordRef::de`].
        ///
        /// # Errors
        ///
        /// [`ConvertError`] with the path to the field that does not fit.
        pub fn de<'row, T: Deserialize<'row>>(&'row self) -> Result<T, ConvertError> {
            self.as_ref().de()
        }
    };
}

pub(super) use delegate_getters;
