//! What stands in a module beside its code: custom sections, the tools that made it, and what there
//! is to debug it by. All of it is a help and no part of the module, so what cannot be read is
//! silently not there.

use wasmparser::{BinaryReader, KnownCustom, Name, Parser, Payload};

use super::Guest;

/// Most custom sections and most producers that are kept.
const MOST: usize = 10_000;

/// A custom section, in the module's order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CustomSection {
    /// As the module has it: not safe to print.
    pub name: String,
    /// The length of its contents, in bytes.
    pub bytes: u64,
}

/// A tool or language that the `producers` section names. None of it is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`
    pub field: String,
    pub name: String,
    /// Often empty.
    pub version: String,
}

/// What there is to find an instruction's source by.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct DebugInfo {
    /// The module is text, which is its own source.
    pub text: bool,
    /// DWARF with line tables.
    pub dwarf: bool,
    /// How many functions the `name` section names.
    pub names: usize,
    /// Where a source map lies, as the module has it: not safe to print. This program does not read
    /// it.
    pub source_map: Option<String>,
    /// Where the debug information was split off to, as the module has it: not safe to print.
    pub external: Option<String>,
}

/// Everything of this module that is read in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleMetadata {
    pub sections: Vec<CustomSection>,
    pub producers: Vec<Producer>,
    pub debug: DebugInfo,
}

impl Guest {
    /// Reads the custom sections. Those that this program makes itself of a text module are left
    /// out.
    pub fn makeup(&self) -> ModuleMetadata {
        let mut makeup = ModuleMetadata::default();
        makeup.debug.text = self.text().is_some();
        for payload in Parser::new(0).parse_all(self.wasm()).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else {
                continue;
            };
            if makeup.debug.text && section.name().starts_with(".debug_") {
                continue;
            }
            makeup.take(&section);
            if makeup.sections.len() < MOST {
                let bytes = u64::try_from(section.data().len()).unwrap_or(u64::MAX);
                makeup.sections.push(CustomSection {
                    name: section.name().into(),
                    bytes,
                });
            }
        }
        makeup
    }
}

impl ModuleMetadata {
    fn take(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        match section.name() {
            ".debug_line" => self.debug.dwarf = true,
            "sourceMappingURL" => {
                self.debug.source_map = self.debug.source_map.take().or(text(section))
            }
            "external_debug_info" => {
                self.debug.external = self.debug.external.take().or(text(section))
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
                    let room = MOST.saturating_sub(self.producers.len());
                    self.producers.extend(tools.take(room));
                }
            }
            _ => {}
        }
    }
}

/// A section's contents where they are one text with its length in front, as addresses are written.
fn text(section: &wasmparser::CustomSectionReader<'_>) -> Option<String> {
    let mut reader = BinaryReader::new(section.data(), section.data_offset());
    reader.read_string().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_the_code_is_read() {
        let wat = "(module (func $one) (func $two) (func) (@custom \"sourceMappingURL\" \
                   \"\\05a.map\") (@producers (language \"Rust\" \"\") (processed-by \"rustc\" \
                   \"1.63\")) (@custom \"odd\" \"123\"))";
        let makeup = Guest::from_bytes("", wat.as_bytes()).unwrap().makeup();
        assert_eq!(makeup.debug.source_map.as_deref(), Some("a.map"));
        assert_eq!(
            (makeup.debug.names, makeup.debug.text, makeup.debug.dwarf),
            (2, true, false)
        );
        let producers: Vec<_> = makeup
            .producers
            .iter()
            .map(|p| (&*p.field, &*p.name, &*p.version))
            .collect();
        assert_eq!(
            producers,
            [("language", "Rust", ""), ("processed-by", "rustc", "1.63")]
        );
        assert!(makeup.sections.contains(&CustomSection {
            name: "odd".into(),
            bytes: 3
        }));
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        let wat = "(module (@custom \"sourceMappingURL\" \"\\7fa\") (@custom \"producers\" \
                   \"\\09\") (@custom \"name\" \"\\01\"))";
        let makeup = Guest::from_bytes("", wat.as_bytes()).unwrap().makeup();
        assert_eq!(
            makeup.debug,
            DebugInfo {
                text: true,
                ..DebugInfo::default()
            }
        );
        assert!(makeup.producers.is_empty());
    }
}
