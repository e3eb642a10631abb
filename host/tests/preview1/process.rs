//! Arguments, variables, random bytes, clocks, and calls on the process itself.

use crate::calls::{BUFFER, Calls, TOLD};

pub fn arguments_are_those_given(guest: &mut Calls) {
    calls! { guest;
        args_sizes_get(TOLD, TOLD + 4) => Success;
        args_get(BUFFER, BUFFER + 64) => Success;
    }
    guest.told(2);
    guest.word_is(TOLD + 4, 18);
    guest.word_is(BUFFER, BUFFER + 64);
    guest.word_is(BUFFER + 4, BUFFER + 64 + 11);
    guest.bytes_are(BUFFER + 64, "guest.wasm\0--flag\0");
}

pub fn variables_are_those_given(guest: &mut Calls) {
    calls! { guest;
        environ_sizes_get(TOLD, TOLD + 4) => Success;
        environ_get(BUFFER, BUFFER + 64) => Success;
    }
    // Those that tell of the listener stand behind it.
    guest.told(6);
    guest.word_is(BUFFER, BUFFER + 64);
    guest.word_is(BUFFER + 4, BUFFER + 64 + 4);
    guest.bytes_are(BUFFER + 64, "A=b\0LISTEN_FDS=1\0");
}

pub fn random_bytes_fill_their_buffer_and_nothing_else(guest: &mut Calls) {
    calls! { guest;
        random_get(BUFFER, 16) => Success;
        random_get(BUFFER + 64, 0) => Success;
    }
    guest.long_is_not(BUFFER, 0);
    guest.long_is_not(BUFFER + 8, 0);
    guest.long_is(BUFFER + 16, 0);
    guest.long_is(BUFFER + 64, 0);
}

pub fn two_clocks_tell_the_time_and_the_others_do_not(guest: &mut Calls) {
    calls! { guest;
        clock_res_get(0, TOLD) => Success;
        clock_res_get(1, TOLD + 8) => Success;
        clock_res_get(2, TOLD + 16) => Notsup;
        clock_res_get(3, TOLD + 16) => Notsup;
        clock_res_get(4, TOLD + 16) => Inval;
        clock_time_get(0, 0, BUFFER) => Success;
        clock_time_get(1, 0, BUFFER + 8) => Success;
        clock_time_get(2, 0, BUFFER + 16) => Notsup;
        clock_time_get(3, 0, BUFFER + 16) => Notsup;
        clock_time_get(u32::MAX, 0, BUFFER + 16) => Inval;
    }
    guest.long_is(TOLD, 1);
    guest.long_is(TOLD + 8, 1);
    guest.long_is(TOLD + 16, 0);
    guest.long_is_not(BUFFER, 0);
    guest.long_is_not(BUFFER + 8, 0);
    guest.long_is(BUFFER + 16, 0);
}

pub fn yielding_succeeds_and_raising_a_signal_is_not_supported(guest: &mut Calls) {
    calls! { guest;
        sched_yield() => Success;
        proc_raise(9) => Notsup;
    }
}
