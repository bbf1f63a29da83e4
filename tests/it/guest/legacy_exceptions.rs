//! The old form of exception handling, which instrumentation writes in the new one: random functions
//! against an interpreter of their own, and what these rarely have.

use linmem::testing::sessions;
use linmem::timeline::Status;

/// A statement of a random function. A label is counted from the innermost open block.
enum Statement {
    /// Appends a byte to the log in memory.
    Log(u8),
    /// These have a condition: whether a bit of the argument is set.
    ThrowIf(u32, Exception),
    BranchIf(u32, usize),
    RethrowIf(u32, usize),
    /// Calls another function with the argument, changed by this number.
    Call(usize, u32),
    Block(Vec<Statement>),
    Try(Vec<Statement>, Vec<Clause>),
    Delegate(Vec<Statement>, usize),
}

/// A handler, for a tag or for everything.
struct Clause {
    tag: Option<usize>,
    body: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Exception {
    tag: usize,
    value: i32,
}

/// The number of tags. Tag n has n values, and only the first one differs.
const TAGS: usize = 3;

/// The number of functions of a module. Each calls only those before it.
const FUNCTIONS: usize = 5;

/// How a statement ends.
enum Flow {
    Next,
    Branch(usize),
    /// The exception passes as many blocks without being caught.
    Throw(Exception, usize),
}

/// What is known of an open block.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Block,
    Handler,
}

/// A generator of random numbers: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most as u64) as usize
    }

    fn statements(&mut self, depth: usize, open: &mut Vec<Label>, calls: usize) -> Vec<Statement> {
        let count = 1 + self.below(3);
        (0..count)
            .map(|_| self.statement(depth, open, calls))
            .collect()
    }

    fn inside(
        &mut self,
        label: Label,
        depth: usize,
        open: &mut Vec<Label>,
        calls: usize,
    ) -> Vec<Statement> {
        open.push(label);
        let body = self.statements(depth - 1, open, calls);
        open.pop();
        body
    }

    fn statement(&mut self, depth: usize, open: &mut Vec<Label>, calls: usize) -> Statement {
        let bit = self.below(5) as u32;
        let kind = self.below(if depth == 0 { 45 } else { 100 });
        match kind {
            0..15 => Statement::ThrowIf(
                bit,
                Exception {
                    tag: self.below(TAGS),
                    value: self.below(100) as i32,
                },
            ),
            15..22 if calls > 0 => Statement::Call(self.below(calls), self.below(32) as u32),
            22..29 if !open.is_empty() => Statement::BranchIf(bit, self.below(open.len())),
            29..36 if open.contains(&Label::Handler) => loop {
                let label = self.below(open.len());
                if open[open.len() - 1 - label] == Label::Handler {
                    break Statement::RethrowIf(bit, label);
                }
            },
            45..57 => Statement::Block(self.inside(Label::Block, depth, open, calls)),
            57..88 => {
                let body = self.inside(Label::Block, depth, open, calls);
                let mut tags: Vec<Option<usize>> =
                    (0..TAGS).filter(|_| self.below(3) == 0).map(Some).collect();
                if self.below(2) == 0 {
                    tags.push(None);
                }
                let mut clause = |tag| Clause {
                    tag,
                    body: self.inside(Label::Handler, depth, open, calls),
                };
                Statement::Try(body, tags.into_iter().map(&mut clause).collect())
            }
            88..100 => {
                let body = self.inside(Label::Block, depth, open, calls);
                Statement::Delegate(body, self.below(open.len() + 1))
            }
            _ => Statement::Log(self.below(256) as u8),
        }
    }
}

/// Returns statements in the plain form of the text format.
fn text_of(statements: &[Statement]) -> String {
    let condition = |bit: u32| format!("local.get $x i32.const {} i32.and", 1 << bit);
    let one = |statement: &Statement| match statement {
        Statement::Log(byte) => format!("i32.const {byte} call $log"),
        Statement::ThrowIf(bit, Exception { tag, value }) => {
            let first = format!("i32.const {value}");
            let values = [String::new(), first.clone(), format!("{first} i64.const 7")];
            format!("{} if {} throw $e{tag} end", condition(*bit), values[*tag])
        }
        Statement::BranchIf(bit, label) => format!("{} br_if {label}", condition(*bit)),
        Statement::RethrowIf(bit, label) => {
            format!("{} if rethrow {} end", condition(*bit), label + 1)
        }
        Statement::Call(function, change) => {
            format!("local.get $x i32.const {change} i32.xor call $f{function}")
        }
        Statement::Block(body) => format!("block {} end", text_of(body)),
        Statement::Try(body, clauses) => {
            let clause = |clause: &Clause| {
                let head = match clause.tag {
                    None => "catch_all".to_owned(),
                    Some(0) => "catch $e0".to_owned(),
                    Some(1) => "catch $e1 call $log".to_owned(),
                    Some(tag) => format!("catch $e{tag} drop call $log"),
                };
                format!("{head} {}", text_of(&clause.body))
            };
            let clauses: Vec<String> = clauses.iter().map(clause).collect();
            format!("try {} {} end", text_of(body), clauses.join(" "))
        }
        Statement::Delegate(body, label) => format!("try {} delegate {label}", text_of(body)),
    };
    statements.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Runs the functions as the specification of the old form describes.
struct Interpreter<'a> {
    functions: &'a [Vec<Statement>],
    log: Vec<u8>,
}

impl Interpreter<'_> {
    /// Returns the exception that leaves a function.
    fn call(&mut self, function: usize, argument: u32) -> Option<Exception> {
        let functions = self.functions;
        match self.run(&functions[function], argument, &mut Vec::new()) {
            Flow::Throw(exception, _) => Some(exception),
            _ => None,
        }
    }

    /// Runs statements. `caught` has the exception of each open handler, and `None` for other blocks.
    fn run(
        &mut self,
        statements: &[Statement],
        argument: u32,
        caught: &mut Vec<Option<Exception>>,
    ) -> Flow {
        for statement in statements {
            match self.step(statement, argument, caught) {
                Flow::Next => {}
                other => return other,
            }
        }
        Flow::Next
    }

    fn step(
        &mut self,
        statement: &Statement,
        argument: u32,
        caught: &mut Vec<Option<Exception>>,
    ) -> Flow {
        let is_set = |bit: u32| argument & 1 << bit != 0;
        match statement {
            Statement::Log(byte) => self.log.push(*byte),
            Statement::ThrowIf(bit, exception) if is_set(*bit) => {
                return Flow::Throw(*exception, 0);
            }
            Statement::BranchIf(bit, label) if is_set(*bit) => return Flow::Branch(*label),
            Statement::RethrowIf(bit, label) if is_set(*bit) => {
                let exception = caught[caught.len() - 1 - label].unwrap();
                return Flow::Throw(exception, 0);
            }
            Statement::Call(function, change) => {
                if let Some(exception) = self.call(*function, argument ^ change) {
                    return Flow::Throw(exception, 0);
                }
            }
            Statement::Block(body) => {
                let flow = self.inside(body, argument, None, caught);
                return outside(flow);
            }
            Statement::Delegate(body, label) => {
                return match self.inside(body, argument, None, caught) {
                    Flow::Throw(exception, 0) => Flow::Throw(exception, *label),
                    flow => outside(flow),
                };
            }
            Statement::Try(body, clauses) => {
                let flow = self.inside(body, argument, None, caught);
                let Flow::Throw(exception, 0) = flow else {
                    return outside(flow);
                };
                let handler = clauses
                    .iter()
                    .find(|clause| clause.tag.is_none_or(|tag| tag == exception.tag));
                let Some(handler) = handler else {
                    return Flow::Throw(exception, 0);
                };
                if handler.tag.is_some_and(|tag| tag > 0) {
                    self.log.push(exception.value as u8);
                }
                return outside(self.inside(&handler.body, argument, Some(exception), caught));
            }
            _ => {}
        }
        Flow::Next
    }

    fn inside(
        &mut self,
        body: &[Statement],
        argument: u32,
        exception: Option<Exception>,
        caught: &mut Vec<Option<Exception>>,
    ) -> Flow {
        caught.push(exception);
        let flow = self.run(body, argument, caught);
        caught.pop();
        flow
    }
}

/// Returns how a block ends whose body ended with `flow`.
fn outside(flow: Flow) -> Flow {
    match flow {
        Flow::Branch(0) => Flow::Next,
        Flow::Branch(label) => Flow::Branch(label - 1),
        Flow::Throw(exception, passes) => Flow::Throw(exception, passes.saturating_sub(1)),
        Flow::Next => Flow::Next,
    }
}

/// Returns a module with the functions, and for each an export that returns which tag left it.
fn module(functions: &[Vec<Statement>]) -> String {
    let mut wat = String::from(
        "(module (memory (export \"memory\") 1) (global $end (mut i32) (i32.const 0))
         (tag $e0) (tag $e1 (param i32)) (tag $e2 (param i32 i64))
         (func $log (param i32)
           (i32.store8 (global.get $end) (local.get 0))
           (global.set $end (i32.add (global.get $end) (i32.const 1))))\n",
    );
    for (nth, body) in functions.iter().enumerate() {
        wat += &format!(
            "(func $f{nth} (param $x i32) {})
             (func (export \"run{nth}\") (param i32) (result i32)
               try (result i32) local.get 0 call $f{nth} i32.const -1
               catch $e0 i32.const 0
               catch $e1 drop i32.const 1
               catch_all i32.const 2 end)\n",
            text_of(body)
        );
    }
    wat + ")"
}

#[test]
fn random_functions_do_what_an_interpreter_does() {
    let mut thrown = 0;
    for seed in 0..25 {
        let mut random = Random(seed);
        let functions: Vec<Vec<Statement>> = (0..FUNCTIONS)
            .map(|calls| random.statements(6, &mut Vec::new(), calls))
            .collect();
        let mut interpreter = Interpreter {
            functions: &functions,
            log: Vec::new(),
        };
        let mut steps = String::new();
        for function in 0..FUNCTIONS {
            for argument in 0..32 {
                let exception = interpreter.call(function, argument);
                let tag = exception.map_or(-1, |exception| exception.tag as i32);
                thrown += usize::from(exception.is_some());
                steps += &format!("t = call run{function}({argument})\nexpect t == {tag}\n");
            }
        }
        let log: String = interpreter.log.iter().map(|b| format!("{b:02x}")).collect();
        steps += &format!(
            "log = read 0, {} as bytes\nexpect log == hex\"{log}\"\n",
            interpreter.log.len()
        );
        let guest = sessions::guest(&module(&functions));
        let timeline = sessions::run(sessions::config(guest, &steps));
        let last = timeline.steps().last().unwrap();
        assert_eq!(
            timeline.status(),
            Status::Ok,
            "seed {seed}: {} {:?}\n{}",
            last.text,
            last.error,
            module(&functions)
        );
    }
    assert!(thrown > 500, "only {thrown} calls threw");
}

/// What the random functions do not have: values through blocks, loops, tables of labels, several
/// results, and rethrows within handlers.
const RARE: &str = r#"(module (memory (export "memory") 1)
  (tag $e (param i32)) (tag $two (param i32 i32))
  (func $throw (param i32) local.get 0 throw $e)
  (func (export "parameters") (param i32) (result i32)
    i32.const 40 i32.const 2
    try (param i32 i32) (result i32)
      i32.add local.get 0 if i32.const 7 throw $e end
    catch $e
      i32.const 100 i32.add
    end)
  (func (export "results") (param i32) (result i32)
    try (result i32 i32)
      local.get 0 if i32.const 5 i32.const 6 throw $two end i32.const 1 i32.const 2
    catch $two
    end
    i32.const 10 i32.mul i32.add)
  (func (export "loops") (param i32) (result i32) (local $caught i32)
    loop $again
      try
        local.get 0 i32.const 1 i32.and if local.get 0 call $throw end
      catch $e
        local.get $caught i32.add local.set $caught
      end
      local.get 0 i32.const 1 i32.sub local.tee 0 br_if $again
    end
    local.get $caught)
  (func (export "table") (param i32) (result i32)
    block $three
      block $two
        try $one
          local.get 0 br_table $one $two $three
        catch_all
          unreachable
        end
        i32.const 1 return
      end
      i32.const 2 return
    end
    i32.const 3)
  (func (export "out_of_a_handler") (param i32) (result i32)
    block $out (result i32)
      try (result i32)
        i32.const 3 throw $e
      catch $e
        local.get 0 br_if $out
        i32.const 10 i32.mul
      end
      i32.const 1 i32.add
    end)
  (func (export "outer_rethrow") (result i32)
    try (result i32)
      try
        i32.const 1 throw $e
      catch $e
        drop
        try
          i32.const 2 throw $e
        catch $e
          drop rethrow 1
        end
      end
      i32.const 0
    catch $e
    end)
  (func (export "delegate_into_a_handler") (result i32)
    try (result i32)
      try (result i32)
        i32.const 1 throw $e
      catch $e
        try (result i32)
          i32.const 20 throw $e
        delegate 0
        i32.add
      end
    catch $e
      i32.const 300 i32.add
    end)
  (func (export "trapped")
    try i32.const 70000 i32.const 1 i32.store catch_all end))"#;

#[test]
fn values_labels_and_handlers_are_kept() {
    let steps = "\
        a = call parameters(0)\nexpect a == 42\nb = call parameters(1)\nexpect b == 107\n\
        c = call results(0)\nexpect c == 21\nd = call results(1)\nexpect d == 65\n\
        e = call loops(6)\nexpect e == 9\n\
        f = call table(0)\nexpect f == 1\ng = call table(1)\nexpect g == 2\n\
        h = call table(9)\nexpect h == 3\n\
        i = call out_of_a_handler(0)\nexpect i == 31\nj = call out_of_a_handler(1)\nexpect j == 3\n\
        k = call outer_rethrow()\nexpect k == 1\n\
        l = call delegate_into_a_handler()\nexpect l == 320\n\
        expect trap \"out of bounds\" call trapped()\n";
    let timeline = sessions::run(sessions::config(sessions::guest(RARE), steps));
    let last = timeline.steps().last().unwrap();
    assert_eq!(
        timeline.status(),
        Status::Ok,
        "{} {:?}",
        last.text,
        last.error
    );
    // The place of the trap is one of the module as given.
    let trap = last.trap.as_ref().unwrap();
    let source = trap.chain[0].source.as_ref().unwrap().to_string();
    let line = RARE.lines().count();
    assert!(source.contains(&line.to_string()), "{source}, line {line}");
}
