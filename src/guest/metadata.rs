//! What a module contains besides its code: custom sections, the tools that made it, and debug
//! information. None of it is needed to run the module, so what cannot be read is left out.

use wasmparser::{BinaryReader, KnownCustom, Name, Parser, Payload};

use super::Guest;

/// The largest number of custom sections, and of producers, that are kept.
const MAX_ITEMS: usize = 10_000;

/// A custom section, in the order of the module.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CustomSection {
    /// The name as the module has it; not safe to print.
    pub(crate) name: String,
    /// The length of its contents, in bytes.
    pub(crate) bytes: u64,
}

/// A tool or language that the `producers` section names. None of it is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// The name of the tool or language.
    pub name: String,
    /// The version; often empty.
    pub version: String,
}

/// What helps to find the source of an instruction.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct DebugInfo {
    /// Whether the module is text, which is its own source.
    pub text: bool,
    /// Whether there is DWARF with line tables.
    pub dwarf: bool,
    /// How many functions the `name` section names.
    pub names: usize,
    /// The URL of a source map, as the module has it; not safe to print. This program does not read
    /// source maps.
    pub source_map: Option<String>,
    /// The URL of debug information that was split off, as the module has it; not safe to print.
    pub external: Option<String>,
}

/// What is read at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModuleMetadata {
    /// The custom sections, in order.
    pub sections: Vec<CustomSection>,
    /// The tools and languages, in order.
    pub producers: Vec<Producer>,
    /// The debug information.
    pub debug: DebugInfo,
}

impl Guest {
    /// Reads the custom sections, except those that this program adds to a text module itself.
    pub(crate) fn metadata(&self) -> ModuleMetadata {
        let mut metadata = ModuleMetadata::default();
        metadata.debug.text = self.text().is_some();
        for payload in Parser::new(0).parse_all(self.wasm()).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else {
                continue;
            };
            if metadata.debug.text && section.name().starts_with(".debug_") {
                continue;
            }
            metadata.add_section(&section);
            if metadata.sections.len() < MAX_ITEMS {
                let bytes = u64::try_from(section.data().len()).unwrap_or(u64::MAX);
                metadata.sections.push(CustomSection {
                    name: section.name().into(),
                    bytes,
                });
            }
        }
        metadata
    }
}

impl ModuleMetadata {
    fn add_section(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        match section.name() {
            ".debug_line" => self.debug.dwarf = true,
            "sourceMappingURL" => {
                self.debug.source_map = self.debug.source_map.take().or(text(section));
            }
            "external_debug_info" => {
                self.debug.external = self.debug.external.take().or(text(section));
            }
            _ => {}
        }
        match section.as_known() {
            KnownCustom::Name(names) => {
                for name in names.into_iter().map_while(Result::ok) {
                    if let Name::Function(map) = name {
                        self.debug.names += map.into_iter().map_while(Result::ok).count();
                    }
                }
            }
            KnownCustom::Producers(fields) => {
                for field in fields.into_iter().map_while(Result::ok) {
                    let tools =
                        field
                            .values
                            .into_iter()
                            .map_while(Result::ok)
                            .map(|tool| Producer {
                                field: field.name.into(),
                                name: tool.name.into(),
                                version: tool.version.into(),
                            });
                    let left = MAX_ITEMS.saturating_sub(self.producers.len());
                    self.producers.extend(tools.take(left));
                }
            }
            _ => {}
        }
    }
}

/// Returns the contents of a section if they are one string after its length.
fn text(section: &wasmparser::CustomSectionReader<'_>) -> Option<String> {
    let mut reader = BinaryReader::new(section.data(), section.data_offset());
    reader.read_string().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_the_code_is_read() {
        let wat = "(module (func $one) (func $two) (func) (@custom \"sourceMappingURL\" \
                   \"\\05a.map\") (@producers (language \"Rust\" \"\") (processed-by \"rustc\" \
                   \"1.63\")) (@custom \"odd\" \"123\"))";
        let metadata = Guest::from_bytes("", wat.as_bytes()).unwrap().metadata();
        assert_eq!(metadata.debug.source_map.as_deref(), Some("a.map"));
        assert_eq!(
            (
                metadata.debug.names,
                metadata.debug.text,
                metadata.debug.dwarf
            ),
            (2, true, false)
        );
        let producers: Vec<_> = metadata
            .producers
            .iter()
            .map(|p| (&*p.field, &*p.name, &*p.version))
            .collect();
        assert_eq!(
            producers,
            [("language", "Rust", ""), ("processed-by", "rustc", "1.63")]
        );
        assert!(metadata.sections.contains(&CustomSection {
            name: "odd".into(),
            bytes: 3
        }));
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        let wat = "(module (@custom \"sourceMappingURL\" \"\\7fa\") (@custom \"producers\" \
                   \"\\09\") (@custom \"name\" \"\\01\"))";
        let metadata = Guest::from_bytes("", wat.as_bytes()).unwrap().metadata();
        assert_eq!(
            metadata.debug,
            DebugInfo {
                text: true,
                ..DebugInfo::default()
            }
        );
        assert!(metadata.producers.is_empty());
    }
}
