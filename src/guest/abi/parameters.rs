//! What each parameter of a function looks like, by what the code does with it and by its name.
//!
//! The code decides: a name never makes a pointer of a parameter that the code uses as a number. A
//! parameter is unknown if neither shows anything, and a draft runs no call with one.

use super::code::{FixedStore, ParameterUse, Stored, Summary};
use super::export_facts::{Facts, Function};
use super::{Arg, ResultShape, naming};
use crate::wasm_types::ValueType;

/// The largest return area, in bytes. A span of more is a buffer.
const MAX_AREA: i64 = 64;

/// What the parameters of a function look like.
pub(super) struct Parameters {
    pub args: Vec<Arg>,
    /// The form of what the function writes to its return area, or to the block that it returns.
    pub shape: ResultShape,
    /// The address of the guest's own buffer to which the function stores, and the length that is
    /// known of it.
    pub statics: Option<(u64, u64)>,
    /// Whether the function may return an address.
    pub returns_address: bool,
    /// Whether it frees the object that it takes.
    pub consumes_object: bool,
}

/// Returns what the parameters of a function look like.
pub(super) fn of(facts: &Facts<'_>, function: &Function<'_>) -> Parameters {
    let summary = facts.code.summary(function.index);
    let classes = Classifier {
        facts,
        function,
        summary: &summary,
    };
    let args = classes.args();
    let shape = classes.shape(&args);
    let statics = classes.statics();
    let consumes_object = args.iter().enumerate().any(|(index, arg)| {
        *arg == Arg::Object && classes.used(index).is_some_and(|used| used.frees)
    });
    Parameters {
        args,
        shape,
        statics,
        returns_address: summary.may_return_address(),
        consumes_object,
    }
}

struct Classifier<'f, 'g> {
    facts: &'f Facts<'g>,
    function: &'f Function<'g>,
    summary: &'f Summary,
}

impl Classifier<'_, '_> {
    fn args(&self) -> Vec<Arg> {
        let count = self.function.ty.params.len();
        let mut args: Vec<Arg> = (0..count).map(|index| self.pointer(index)).collect();
        self.set_returned_span(&mut args);
        self.set_written_spans(&mut args);
        for index in 0..count {
            if args.get(index) == Some(&Arg::Unknown) {
                let found = self.number(index, &args);
                if let Some(arg) = args.get_mut(index) {
                    *arg = found;
                }
            }
        }
        args
    }

    /// Sets the pointer and the length that the function returns as an address and a length: the
    /// first two words of its return area, or of the block that it returns.
    fn set_returned_span(&self, args: &mut [Arg]) {
        let area = args.iter().position(|arg| *arg == Arg::ReturnArea);
        let stores = match area.and_then(|area| self.used(area)) {
            Some(used) => used.fixed_stores.as_slice(),
            None => self.summary.result_stores.as_slice(),
        };
        let parameter_at = |offset: i64| {
            let store = stores.iter().find(|store| store.offset == offset)?;
            match store.value {
                Stored::Parameter(index) => Some(index),
                _ => None,
            }
        };
        let returns_spans = self.facts.is_bindgen() || self.facts.is_canonical();
        let (Some(pointer), Some(length)) = (parameter_at(0), parameter_at(4)) else {
            return;
        };
        let may_be =
            |index: usize, class: &[Arg]| args.get(index).is_some_and(|arg| class.contains(arg));
        let is_pointer = may_be(pointer, &[Arg::Unknown, Arg::Output, Arg::Pointer]);
        if returns_spans && is_pointer && may_be(length, &[Arg::Unknown]) && length == pointer + 1 {
            for (index, arg) in [(pointer, Arg::Pointer), (length, Arg::Length)] {
                if let Some(known) = args.get_mut(index) {
                    *known = arg;
                }
            }
        }
    }

    /// Makes outputs of the spans to which the function stores, where it only loads from another
    /// one: it may load again what it stored, as a decompressor does.
    fn set_written_spans(&self, args: &mut [Arg]) {
        let stores = |index: usize| {
            let stores = self.used(index).map(|used| used.stores);
            stores.is_some_and(|stores| stores.bytes || stores.varying)
        };
        let spans = |args: &[Arg]| -> Vec<usize> {
            let all = args.iter().enumerate();
            let spans = all.filter(|(_, arg)| **arg == Arg::Pointer);
            spans.map(|(index, _)| index).collect()
        };
        let (written, read): (Vec<usize>, Vec<usize>) =
            spans(args).into_iter().partition(|index| stores(*index));
        if read.is_empty() {
            return;
        }
        for index in written {
            if let Some(arg) = args.get_mut(index) {
                *arg = Arg::Output;
            }
        }
    }

    fn used(&self, index: usize) -> Option<&ParameterUse> {
        self.summary.parameters.get(index)
    }

    fn is_wide(&self, index: usize) -> bool {
        self.function.ty.params.get(index) == Some(&self.facts.address)
    }

    /// Returns whether the code shows that one parameter is the length of another.
    fn is_measured(&self, index: usize) -> bool {
        let count = self.function.ty.params.len();
        (0..count)
            .filter(|other| *other != index)
            .filter_map(|other| self.used(other))
            .any(|other| other.measures(index) && !other.is_accessed())
    }

    /// Returns the class of a parameter that is an address; [`Arg::Unknown`] for any other.
    fn pointer(&self, index: usize) -> Arg {
        let Some(used) = self.used(index).filter(|_| self.is_wide(index)) else {
            return Arg::Unknown;
        };
        let is_index = used.loads.varying || used.stores.varying;
        if is_index
            && !used.loads.fields
            && !used.stores.fields
            && self.is_named(index, naming::is_length)
        {
            return Arg::Unknown;
        }
        if used.frees && (self.is_measured(index) || self.is_pair(index)) {
            return Arg::Pointer;
        }
        if used.loads.header && self.facts.has_object_headers() {
            return Arg::Pointer;
        }
        // What is before the address belongs to an allocator: the block must be one of its own.
        if used.loads.header || used.stores.header {
            return Arg::Object;
        }
        if self.is_return_area(index, used) || self.is_bindgen_area(index, used) {
            return Arg::ReturnArea;
        }
        // A field so far from the start is one of a large object.
        let is_far = |store: &FixedStore| store.offset >= MAX_AREA;
        match (used.loads.any(), used.stores.any()) {
            (true, _) if used.loads.bytes && self.is_text(index, used) => Arg::Pointer,
            (true, _) if used.loads.varying && self.is_measured(index) => Arg::Elements,
            (true, _) => Arg::Object,
            (false, true) if used.fixed_stores.iter().any(is_far) => Arg::Object,
            (false, true) if used.stores.bytes || used.stores.varying => Arg::Output,
            (false, true) => Arg::Object,
            _ if used.frees && index == 0 => Arg::Object,
            _ if self.is_pair(index) => Arg::Pointer,
            _ => Arg::Unknown,
        }
    }

    /// Returns whether a parameter whose bytes are loaded is the address of text or of other bytes
    /// that the host passes, and not of a structure.
    fn is_text(&self, index: usize, used: &ParameterUse) -> bool {
        if self.is_measured(index) {
            return true;
        }
        let next = index + 1;
        let is_number_next = self.is_wide(next)
            && self.used(next).is_some_and(|next| !next.is_accessed())
            && (self.is_named(next, naming::is_length)
                || self.used(next).is_some_and(|next| !next.is_used));
        let is_named = self.is_named(index, naming::is_text);
        !used.loads.fields && (used.loads.varying_bytes || is_number_next || is_named)
    }

    /// Returns whether a parameter is the return area of a function of wasm-bindgen, which comes
    /// first where the function returns nothing else. The code may pass it on.
    fn is_bindgen_area(&self, index: usize, used: &ParameterUse) -> bool {
        self.facts.is_bindgen()
            && index == 0
            && self.function.ty.results.is_empty()
            && used.stores.any()
            && !used.loads.any()
            && self
                .facts
                .function("__wbindgen_add_to_stack_pointer")
                .is_some()
    }

    /// Returns whether a function only stores at fixed places from a parameter, from its first byte
    /// on. A function that sets one field of an object does so too, with a parameter.
    fn is_return_area(&self, index: usize, used: &ParameterUse) -> bool {
        let is_first = index == 0 && self.function.ty.results.is_empty();
        let is_last = index > 0 && !naming::sets_up(&self.function.words);
        let begins = used
            .fixed_stores
            .first()
            .is_some_and(|store| store.offset == 0 && store.width >= 4);
        let is_setter = matches!(
            used.fixed_stores.as_slice(),
            [store] if matches!(store.value, Stored::Parameter(_)) && is_first
        );
        !used.loads.any()
            && !used.stores.bytes
            && !used.stores.varying
            && (is_first || is_last)
            && begins
            && !is_setter
            && used.stored_bytes() <= MAX_AREA
    }

    /// Returns whether a parameter and the one after it are kept as the pointer and the length of a
    /// vector: capacity and length are the same, and the pointer is between them.
    fn is_pair(&self, index: usize) -> bool {
        let is_free =
            |at: usize| self.is_wide(at) && self.used(at).is_some_and(|used| !used.is_accessed());
        let next = index + 1;
        let is_vector = self.used(index).is_some_and(|used| used.is_inside(next));
        let is_bindgen_span = self.facts.is_bindgen()
            && self.used(index).is_some_and(|used| used.is_beside(next))
            && self.is_named(index, naming::is_text)
            && self.is_named(next, naming::is_length);
        is_free(index) && is_free(next) && (is_vector || is_bindgen_span)
    }

    fn is_named(&self, index: usize, has_meaning: fn(&[String]) -> bool) -> bool {
        let name = self.function.params.get(index);
        name.is_some_and(|name| has_meaning(&naming::split(name)))
    }

    /// Returns the class of a parameter that is no address by its code.
    fn number(&self, index: usize, args: &[Arg]) -> Arg {
        let Some(used) = self.used(index) else {
            return Arg::Unknown;
        };
        let ty = self.function.ty.params.get(index);
        if !self.is_wide(index) {
            return match ty {
                Some(ValueType::F32 | ValueType::F64) => Arg::Number,
                Some(ValueType::I32 | ValueType::I64) if !used.is_accessed() && !used.escapes => {
                    Arg::Number
                }
                Some(ValueType::ExternRef) => Arg::Handle,
                _ => Arg::Unknown,
            };
        }
        if let Some(import) = used.import
            && self.facts.is_host_object(import)
        {
            return Arg::Handle;
        }
        if let Some(arg) = self.measure(index, used, args) {
            return arg;
        }
        let is_named = |has_meaning| self.is_named(index, has_meaning);
        let after = index.checked_sub(1).and_then(|before| args.get(before));
        let is_after_pointer = after == Some(&Arg::Pointer);
        match () {
            () if is_named(naming::is_alignment) => Arg::Alignment,
            () if is_named(naming::is_length) && after == Some(&Arg::Output) => Arg::Capacity,
            () if is_named(naming::is_length) => Arg::Length,
            () if is_named(naming::is_place) && (used.escapes || !used.is_used) => Arg::Pointer,
            () if used.sizes && is_after_pointer => Arg::Length,
            () if !used.is_used && is_after_pointer => Arg::Length,
            () if used.escapes => Arg::Unknown,
            () => Arg::Number,
        }
    }

    /// Returns the class of a parameter that measures a span of another.
    fn measure(&self, index: usize, used: &ParameterUse, args: &[Arg]) -> Option<Arg> {
        let of = |wanted: Arg| {
            let mut pointers = (0..).zip(args);
            pointers.any(|(at, arg)| *arg == wanted && used.measures(at))
        };
        let before = index.checked_sub(1);
        let is_pair = before
            .is_some_and(|before| args.get(before) == Some(&Arg::Pointer) && self.is_pair(before));
        let is_after_output = before.and_then(|before| args.get(before)) == Some(&Arg::Output);
        if of(Arg::Output) && is_after_output {
            return Some(Arg::Capacity);
        }
        if of(Arg::Pointer) || of(Arg::Elements) || is_pair {
            return Some(Arg::Length);
        }
        if of(Arg::Output) {
            return Some(Arg::Capacity);
        }
        let before = before.and_then(|before| args.get(before));
        match before {
            Some(Arg::Pointer) if used.measures_any() => Some(Arg::Length),
            Some(Arg::Output) if used.measures_any() => Some(Arg::Capacity),
            _ => None,
        }
    }

    /// Returns the form of what the function writes for its caller.
    fn shape(&self, args: &[Arg]) -> ResultShape {
        let area = args.iter().position(|arg| *arg == Arg::ReturnArea);
        if let Some(used) = area.and_then(|area| self.used(area)) {
            return self.area_shape(used);
        }
        let stores = &self.summary.result_stores;
        let value_at = |offset: i64| {
            let mut stores = stores.iter();
            stores.find(|store| store.offset == offset).copied()
        };
        let is_bit = |value: Stored| matches!(value, Stored::Truth | Stored::Constant(0 | 1));
        match (value_at(0), value_at(4), value_at(8)) {
            (Some(tag), Some(_), _) if tag.width == 1 || is_bit(tag.value) => {
                ResultShape::TaggedPair
            }
            (Some(first), Some(_), _) if first.width == 4 => ResultShape::Pair,
            _ => ResultShape::Unknown,
        }
    }

    /// Returns the first constant addresses to which the function stores, and their length.
    fn statics(&self) -> Option<(u64, u64)> {
        let first = self.summary.statics.first()?;
        let near = |store: &&FixedStore| store.offset - first.offset < MAX_AREA;
        let ends = self.summary.statics.iter().take_while(near);
        let end = ends
            .map(|store| store.offset + i64::from(store.width))
            .max()?;
        let address = u64::try_from(first.offset).ok()?;
        let length = u64::try_from(end - first.offset).ok()?;
        self.facts
            .is_in_memory(address)
            .then_some((address, length))
    }

    /// Returns the form of a return area. Those of wasm-bindgen with three and four words end with
    /// an error and with whether it is set.
    fn area_shape(&self, used: &ParameterUse) -> ResultShape {
        let words: Vec<_> = used.fixed_stores.iter().collect();
        let is_words = words.iter().all(|store| store.width == 4);
        let begins_with_pointer = words
            .first()
            .is_some_and(|store| matches!(store.value, Stored::Parameter(index) if index > 0));
        match used.stored_bytes() {
            8 if is_words => ResultShape::Pair,
            12 if is_words && self.facts.is_bindgen() && !begins_with_pointer => {
                ResultShape::ValueOrError
            }
            12 if is_words => ResultShape::Pair,
            16 if is_words && self.facts.is_bindgen() => ResultShape::PairOrError,
            bytes if self.facts.is_bindgen() => {
                let mover = self.facts.function("__wbindgen_add_to_stack_pointer");
                let most = if mover.is_some() { 16 } else { MAX_AREA };
                ResultShape::Bytes(u32::try_from(bytes.clamp(8, most)).unwrap_or(16))
            }
            bytes => ResultShape::Bytes(u32::try_from(bytes).unwrap_or(0)),
        }
    }
}
