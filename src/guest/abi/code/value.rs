//! What a value on the operand stack is made of: parameters, constants and unknown values.

/// The number of parameters that a set can hold. Parameters after these are in no set.
const MAX_PARAMETERS: usize = 64;

/// The smallest constant that is the address of static data where a parameter is added to it. The
/// parameter is an index then.
pub(super) const STATIC_DATA: i64 = 1024;

/// The number of the unknown value in place of the address of static data.
const STATIC_SYMBOL: u32 = u32::MAX;

/// A set of parameters of a function, by their index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Params(u64);

impl Params {
    /// Returns a set of one parameter.
    pub fn one(index: usize) -> Self {
        let mut set = Params::default();
        set.insert(index);
        set
    }

    /// Adds a parameter.
    pub fn insert(&mut self, index: usize) {
        if index < MAX_PARAMETERS {
            self.0 |= 1 << index;
        }
    }

    /// Returns whether a parameter is in the set.
    pub fn contains(self, index: usize) -> bool {
        index < MAX_PARAMETERS && self.0 & (1 << index) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn union(self, other: Params) -> Params {
        Params(self.0 | other.0)
    }

    pub fn without(self, other: Params) -> Params {
        Params(self.0 & !other.0)
    }

    pub fn is_disjoint(self, other: Params) -> bool {
        self.0 & other.0 == 0
    }

    /// Returns the only parameter of the set; `None` if it has none or several.
    pub fn only(self) -> Option<usize> {
        (self.0.count_ones() == 1).then(|| self.0.trailing_zeros() as usize)
    }

    /// Returns the parameters in ascending order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_PARAMETERS).filter(move |index| self.contains(*index))
    }
}

/// A sum of parameters, a constant and perhaps something unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// The parameters that are added, once each.
    pub addends: Params,
    /// The constant that is added; `None` if a varying number is.
    pub distance: Option<i64>,
    /// The number of an unknown value that is added, such as the result of a call; 0 for none.
    pub symbol: u32,
    /// The parameters on which the value depends in any way.
    pub inputs: Params,
    /// Whether the value is the result of a comparison.
    pub is_truth: bool,
}

impl Value {
    /// Returns the value of a parameter.
    pub fn parameter(index: usize) -> Self {
        Value {
            addends: Params::one(index),
            distance: Some(0),
            inputs: Params::one(index),
            ..Value::default()
        }
    }

    pub fn constant(value: i64) -> Self {
        Value {
            distance: Some(value),
            ..Value::default()
        }
    }

    /// Returns an unknown value.
    pub fn unknown(symbol: u32) -> Self {
        Value {
            distance: Some(0),
            symbol,
            ..Value::default()
        }
    }

    /// Returns a number that depends on parameters, and that is no address by itself.
    pub fn number(inputs: Params) -> Self {
        Value {
            inputs,
            ..Value::default()
        }
    }

    /// Returns the value as a constant, if it is one.
    pub fn as_constant(self) -> Option<i64> {
        (self.addends.is_empty() && self.symbol == 0)
            .then_some(self.distance)
            .flatten()
    }

    /// Returns the parameter that is the only one added, if nothing unknown is.
    pub fn as_parameter(self) -> Option<usize> {
        self.addends.only().filter(|_| self.symbol == 0)
    }

    /// Returns the parameter that the value is equal to.
    pub fn is_exactly(self) -> Option<usize> {
        self.as_parameter().filter(|_| self.distance == Some(0))
    }

    pub fn plus(self, other: Value) -> Value {
        let inputs = self.inputs.union(other.inputs);
        if !self.addends.is_disjoint(other.addends) || (self.symbol != 0 && other.symbol != 0) {
            return Value::number(inputs);
        }
        let is_static = |value: Value| value.as_constant().is_some_and(|c| c >= STATIC_DATA);
        if is_static(self) && !other.addends.is_empty()
            || is_static(other) && !self.addends.is_empty()
        {
            return Value {
                addends: self.addends.union(other.addends),
                distance: None,
                symbol: STATIC_SYMBOL,
                inputs,
                is_truth: false,
            };
        }
        let sum = || self.distance?.checked_add(other.distance?);
        Value {
            addends: self.addends.union(other.addends),
            distance: sum(),
            symbol: self.symbol.max(other.symbol),
            inputs,
            is_truth: false,
        }
    }

    pub fn minus(self, other: Value) -> Value {
        let inputs = self.inputs.union(other.inputs);
        if let Some(constant) = other.as_constant() {
            return Value {
                distance: self.distance.and_then(|own| own.checked_sub(constant)),
                is_truth: false,
                ..self
            };
        }
        // The difference of two sums that begin with the same parameter is the rest of the first.
        let is_inside = !other.addends.is_empty()
            && other.addends.without(self.addends).is_empty()
            && other.symbol == 0;
        Value {
            addends: if is_inside {
                self.addends.without(other.addends)
            } else {
                self.addends
            },
            distance: None,
            inputs,
            is_truth: false,
            ..self
        }
    }

    /// Returns the value after some of its lowest bits were changed.
    pub fn aligned(self) -> Value {
        Value {
            distance: None,
            is_truth: false,
            ..self
        }
    }

    /// Returns what the value is where it may also be `other`.
    pub fn or(self, other: Value) -> Value {
        if self == other {
            return self;
        }
        let is_known = |value: Value| value.as_constant().is_none();
        let symbol = match (is_known(self), is_known(other)) {
            _ if self.symbol == other.symbol => self.symbol,
            (true, false) => self.symbol,
            (false, true) => other.symbol,
            _ => self.symbol.max(other.symbol),
        };
        let is_bit = |value: Value| value.is_truth || matches!(value.as_constant(), Some(0 | 1));
        Value {
            addends: self.addends.union(other.addends),
            distance: None,
            symbol,
            inputs: self.inputs.union(other.inputs),
            is_truth: is_bit(self) && is_bit(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_the_parameters_that_are_added_once() {
        let [pointer, length] = [0, 1].map(Value::parameter);
        let end = pointer.plus(length);
        assert_eq!(end.addends.iter().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(end.as_parameter(), None);
        assert_eq!(end.minus(pointer).as_parameter(), Some(1));
        let next = pointer.plus(Value::constant(4));
        assert_eq!(
            (next.as_parameter(), next.distance, next.is_exactly()),
            (Some(0), Some(4), None)
        );
        assert!(pointer.plus(pointer).addends.is_empty());
        assert_eq!(pointer.plus(Value::constant(1024)).as_parameter(), None);
        assert_eq!(pointer.plus(Value::unknown(3)).as_parameter(), None);
    }

    #[test]
    fn one_of_two_values_has_the_parameters_of_both() {
        let both = Value::parameter(0).or(Value::constant(0));
        assert_eq!((both.as_parameter(), both.distance), (Some(0), None));
        let truth = Value {
            is_truth: true,
            ..Value::number(Params::one(2))
        };
        assert!(truth.or(Value::constant(1)).is_truth);
        assert!(!truth.or(Value::constant(2)).is_truth);
    }
}
