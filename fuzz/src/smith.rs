//! Generates modules with all features that the engine supports.

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, MemoryOffsetChoices, Module};

/// Generates a valid module. One that is to run is small, and most of its calls end.
pub fn module(u: &mut Unstructured<'_>, is_to_run: bool) -> Result<Vec<u8>> {
    let config = config(u, is_to_run)?;
    let fuel = u.int_in_range(1..=400)?;
    let is_endless = u.ratio(1, 20)?;
    let mut module = Module::new(config, u)?;
    if is_to_run && !is_endless {
        let _ = module.ensure_termination(fuel);
    }
    Ok(module.to_bytes())
}

fn config(u: &mut Unstructured<'_>, is_to_run: bool) -> Result<Config> {
    let memories = u.int_in_range(if is_to_run { 1..=2 } else { 0..=3 })?;
    let has_large = !is_to_run && u.ratio(1, 4)?;
    Ok(Config {
        min_memories: memories as u32,
        max_memories: memories,
        max_memory32_bytes: if has_large { 1 << 32 } else { 4 * 65536 },
        memory_max_size_required: u.arbitrary()?,
        memory_offset_choices: MemoryOffsetChoices(90, 8, 2),
        min_funcs: 1,
        max_funcs: 8,
        max_instructions: 200,
        max_imports: 6,
        max_tables: 3,
        max_table_elements: if has_large { 100_000 } else { 100 },
        max_elements: 8,
        max_data_segments: 6,
        max_globals: 6,
        max_types: 8,
        max_tags: 3,
        allow_start_export: u.arbitrary()?,
        allow_invalid_funcs: false,
        threads_enabled: u.arbitrary()?,
        simd_enabled: u.arbitrary()?,
        relaxed_simd_enabled: false,
        exceptions_enabled: u.arbitrary()?,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        extended_const_enabled: true,
        wide_arithmetic_enabled: u.arbitrary()?,
        disallow_traps: u.arbitrary()?,
        generate_custom_sections: !is_to_run,
        gc_enabled: false,
        tail_call_enabled: false,
        memory64_enabled: false,
        custom_page_sizes_enabled: false,
        shared_everything_threads_enabled: false,
        export_everything: is_to_run,
        ..Config::default()
    })
}
