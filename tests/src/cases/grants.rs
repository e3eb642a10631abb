//! What binding answers when it is not allowed.

use crate::prelude::*;

/// Twice is once too often, in every world.
pub fn bind_to_an_address_already_claimed_is_addr_in_use() -> Case {
    Case::of_rows(&[19]).guest(|guest| {
        let listener = guest.listen()?;
        let address = listener.local_addr()?;
        let error = TcpListener::bind(address).err().context("bound twice")?;
        ensure!(error.kind() == ErrorKind::AddrInUse, "{error:?}");
        Ok(())
    })
}

/// Natively a program may bind what its user may.
pub fn bind_to_an_address_never_granted_is_permission_denied() -> Case {
    Case::of_rows(&[19]).guest(|guest| {
        let mut address = guest.addresses()[0];
        address.set_port(9);
        let error = TcpListener::bind(address).err().context("bound what wasn't granted")?;
        ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
        // And it cost nothing: the granted one is still there.
        guest.listen()?;
        Ok(())
    })
}
