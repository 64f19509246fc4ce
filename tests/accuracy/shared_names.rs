//! The model, the emulator and the lab call the same fault by the same name.

use edgeprobe::verdict::CauseId;

use crate::faults;

#[test]
fn a_fault_of_the_lab_and_of_the_model_with_one_name_has_one_cause() {
    let scenarios = edgeprobe_lab::scenarios::all();
    let mut shared = 0;
    for fault in faults::all() {
        let Some(scenario) = scenarios.iter().find(|it| it.name == fault.name) else { continue };
        assert_eq!(scenario.expected.cause, Some(fault.cause.word()), "{}", fault.name);
        shared += 1;
    }
    assert!(shared >= 35, "{shared} faults are in both the model and the lab");
}

#[test]
fn the_model_has_each_cause_that_the_emulator_produces() {
    for fault in edgeprobe_emulator::Fault::ALL {
        let cause: CauseId = fault.id().parse().unwrap();
        let is_modelled = faults::all().iter().any(|modelled| modelled.cause == cause);
        assert!(is_modelled, "{fault} is not in the model");
    }
}
