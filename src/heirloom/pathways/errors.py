"""What can go wrong between a person and a run, each with a code and a sentence that can be translated."""

from __future__ import annotations

from collections.abc import Mapping

from heirloom.errors import HeirloomError, gettext_noop


class PathwayError(HeirloomError):
    """Base of everything this part refuses."""

    code = "pathways.error"
    message = gettext_noop("The method could not be run.")
    kept = gettext_noop("Your files are unchanged.")


class BadDeclaration(PathwayError):
    """A pathway declares itself in a way that cannot work; its author must mend it."""

    code = "pathways.declaration"
    message = gettext_noop("The pathway {pathway} is not declared rightly: {reason}.")
    status = 500


class UnknownMethod(PathwayError):
    """No installed pathway has this method."""

    code = "pathways.unknown-method"
    message = gettext_noop(
        "The method {method} is not installed here. Install the pathway that brings it, then try again."
    )
    status = 404


class OtherVersion(PathwayError):
    """The method is here, in another version than the one asked for."""

    code = "pathways.other-version"
    message = gettext_noop("Version {version} of {method} is not installed here; version {installed} is.")
    status = 409


class PathwayNotLoaded(PathwayError):
    """A pathway of another distribution could not be loaded; the others still work."""

    code = "pathways.not-loaded"
    message = gettext_noop("The pathway {pathway} of {distribution} could not be loaded: {reason}.")
    status = 500


class MissingModule(PathwayError):
    """The method needs a Python module that is not installed."""

    code = "pathways.missing-module"
    message = gettext_noop("{method} needs the Python module {module}, which is not installed here.")
    status = 409


# --- parameters -----------------------------------------------------------------------------------------


class ParamError(PathwayError):
    """One setting is not right."""

    code = "pathways.param"
    message = gettext_noop("The setting {param} is not right.")
    status = 422


class ParamUnknown(ParamError):
    code = "pathways.param.unknown"
    message = gettext_noop("This method has no setting called {param}.")


class ParamRequired(ParamError):
    code = "pathways.param.required"
    message = gettext_noop("The setting {param} must be given.")


class ParamNotNumber(ParamError):
    code = "pathways.param.not-number"
    message = gettext_noop("The setting {param} must be a number.")


class ParamNotInteger(ParamError):
    code = "pathways.param.not-integer"
    message = gettext_noop("The setting {param} must be a whole number.")


class ParamNotBoolean(ParamError):
    code = "pathways.param.not-boolean"
    message = gettext_noop("The setting {param} must be yes or no.")


class ParamNotText(ParamError):
    code = "pathways.param.not-text"
    message = gettext_noop("The setting {param} must be a text.")


class ParamNotLanguage(ParamError):
    code = "pathways.param.not-language"
    message = gettext_noop("The setting {param} must be a language tag, such as lo or zh-Hans.")


class ParamTooLow(ParamError):
    code = "pathways.param.too-low"
    message = gettext_noop("The setting {param} must be at least {minimum}.")


class ParamTooHigh(ParamError):
    code = "pathways.param.too-high"
    message = gettext_noop("The setting {param} must be at most {maximum}.")


class ParamNotOnStep(ParamError):
    code = "pathways.param.step"
    message = gettext_noop("The setting {param} must go in steps of {step} from {minimum}.")


class ParamTooLong(ParamError):
    code = "pathways.param.too-long"
    message = gettext_noop("The setting {param} may have at most {maximum} characters.")


class ParamNotChoice(ParamError):
    code = "pathways.param.not-choice"
    message = gettext_noop("The setting {param} must be one of: {choices}.")


class ParamTooMany(ParamError):
    code = "pathways.param.too-many"
    message = gettext_noop("The setting {param} may have at most {maximum} values.")


class ParamTooFew(ParamError):
    code = "pathways.param.too-few"
    message = gettext_noop("The setting {param} must have at least {minimum} values.")


class ParamRepeated(ParamError):
    code = "pathways.param.repeated"
    message = gettext_noop("The setting {param} names the same value twice.")


class InvalidParams(PathwayError):
    """One or more settings are not right; ``problems`` says which and why, one error per setting."""

    code = "pathways.params"
    message = gettext_noop("These settings are not right: {names}.")
    status = 422

    def __init__(self, problems: Mapping[str, ParamError]) -> None:
        self.problems = dict(problems)
        super().__init__(names=", ".join(self.problems))


# --- inputs ---------------------------------------------------------------------------------------------


class InputError(PathwayError):
    """One input is not right."""

    code = "pathways.input"
    message = gettext_noop("The input {input} is not right.")
    status = 422


class InputUnknown(InputError):
    code = "pathways.input.unknown"
    message = gettext_noop("This method has no input called {input}.")


class InputTooFew(InputError):
    code = "pathways.input.too-few"
    message = gettext_noop("The input {input} needs at least {minimum} files; {given} were given.")


class InputTooMany(InputError):
    code = "pathways.input.too-many"
    message = gettext_noop("The input {input} takes at most {maximum} files; {given} were given.")


class InputMissing(InputError):
    code = "pathways.input.missing"
    message = gettext_noop("The file {name} of the input {input} is not there.")


class InputMediaType(InputError):
    code = "pathways.input.media-type"
    message = gettext_noop("The file {name} is of the type {media_type}; the input {input} takes {accepted}.")


class InputRepeated(InputError):
    code = "pathways.input.repeated"
    message = gettext_noop("Two files of the input {input} have the same name, {name}.")


class InputChanged(InputError):
    code = "pathways.input.changed"
    message = gettext_noop("The file {name} of the input {input} is not the one whose digest was given.")
    status = 409


# --- runs -----------------------------------------------------------------------------------------------


class RunError(PathwayError):
    """The run ended without its results; what its finished steps made is kept for a next try."""

    code = "pathways.run"
    message = gettext_noop("The run ended without results.")
    kept = gettext_noop(
        "Your files are unchanged. Finished steps are kept; starting again goes on from there."
    )
    status = 500


class RunBusy(RunError):
    code = "pathways.run.busy"
    message = gettext_noop("This run is already going on in another process.")
    status = 409


class Cancelled(RunError):
    code = "pathways.run.cancelled"
    message = gettext_noop("The run was cancelled.")
    status = 409


class Killed(RunError):
    code = "pathways.run.killed"
    message = gettext_noop("The run was stopped from outside ({signal}).")


class OutOfTime(RunError):
    code = "pathways.run.out-of-time"
    message = gettext_noop("The run took longer than the {seconds} seconds it was given.")


class OutOfMemory(RunError):
    code = "pathways.run.out-of-memory"
    message = gettext_noop("The run needed more memory than it was given.")


class OutputTooLarge(RunError):
    code = "pathways.run.output-too-large"
    message = gettext_noop("The run wrote a file larger than it was allowed.")


class MethodFailed(RunError):
    """The method's own code failed; the log has the details."""

    code = "pathways.run.failed"
    message = gettext_noop("The method failed ({error}). The log says more.")


class OutputsWrong(RunError):
    """The method returned, but its files are not those it declares."""

    code = "pathways.run.outputs"
    message = gettext_noop("The method did not make what it declares: {names}.")


class MethodRefused(RunError):
    """Base for a method's own refusals: the input cannot be worked on, and the person can do something about it.

    A method subclasses this with its own ``code`` (``"diversity.no-column"``) and sentence.
    """

    code = "pathways.refused"
    message = gettext_noop("The method cannot work on this input.")
    kept = gettext_noop("Your files are unchanged.")
    status = 422


class DiskFull(RunError):
    code = "pathways.run.disk-full"
    message = gettext_noop("There is no room left to work in. Free some space, then start again.")


class UndeclaredOutput(RunError):
    """A method tried to write a file that its declaration does not have."""

    code = "pathways.run.undeclared-output"
    message = gettext_noop("The method wrote {name}, which it does not declare.")
