;;; support.el --- What the journeys of an Emacs user share  -*- lexical-binding: t; -*-

;;; Commentary:
;; A journey is a file of this folder, run in batch mode by test_emacs.py.  $ORPS_PROGRAM is
;; the command of the server, $ORPS_SETTINGS its settings (JSON), and $ORPS_FILE the file to open.

;;; Code:

(require 'package)
(package-initialize) ; Emacs 28 has Eglot as a package
(require 'orps)

(defvar user-said nil "Messages, the newest first.")
(defvar user-opened nil "What was given to a browser, the newest first.")

(setq eglot-sync-connect 30
      eglot-confirm-server-initiated-edits nil
      make-backup-files nil
      browse-url-browser-function (lambda (url &rest _) (push url user-opened))
      orps-program (json-parse-string (getenv "ORPS_PROGRAM") :array-type 'list)
      eglot-workspace-configuration
      `(:orps ,(json-parse-string (getenv "ORPS_SETTINGS") :object-type 'plist)))
(setq-default eglot-workspace-configuration eglot-workspace-configuration)
(advice-add 'message :before
            (lambda (format &rest arguments)
              (when format (push (apply #'format-message format arguments) user-said))))

(defmacro user-wait-for (what condition)
  "Wait until the form CONDITION holds, which is WHAT, and return its value."
  `(let ((end (+ (float-time) 30)) value)
     (while (not (or (setq value ,condition) (> (float-time) end)))
       (accept-process-output nil 0.02))
     (or value (error "Gave up waiting for %s" ,what))))

(defun user-open ()
  "Open the file, and start the server for it."
  (find-file (getenv "ORPS_FILE"))
  (orps-setup)
  (apply #'eglot (eglot--guess-contact))
  (user-wait-for "the server" (eglot-current-server)))

(defun user-to (text)
  "Put point before TEXT."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun user-sync ()
  "Send changes, which in batch mode no idle timer does."
  (eglot--signal-textDocument/didChange))

(defun user-actions ()
  "Titles of the code actions at point."
  (user-sync)
  (mapcar (lambda (action) (plist-get action :title)) (eglot-code-actions (point) (point))))

(defun user-choose (beginning)
  "Execute the code action at point whose title has this BEGINNING, as a user does."
  (user-sync)
  (let ((last-nonmenu-event ?x))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt collection &rest _)
                 (or (cl-find beginning (all-completions "" collection) :test #'string-prefix-p)
                     (error "No action %s" beginning)))))
      (eglot-code-actions (point) (point) nil t))))

(defun user-among (texts part)
  "The first of TEXTS that contains PART."
  (cl-find part texts :test (lambda (part text) (string-match-p (regexp-quote part) text))))

(defun user-hover ()
  "What ElDoc shows at point."
  (let (page)
    (switch-to-buffer (current-buffer))
    (eglot-hover-eldoc-function (lambda (text &rest _) (setq page (or text ""))))
    (substring-no-properties (user-wait-for "the hover" page))))

(defun user-text ()
  "The text of the buffer."
  (buffer-substring-no-properties (point-min) (point-max)))

(defun user-check (holds &optional value)
  "Fail if HOLDS is nil; VALUE tells why."
  (unless holds (error "Not so: %S" value)))

(defun user-stop ()
  "End the server."
  (let ((server (eglot-current-server)))
    (eglot-shutdown server)
    (user-wait-for "the server to end" (not (jsonrpc-running-p server)))))

(defmacro user-run (&rest journey)
  "Run a JOURNEY; the last line of the output is OK, or the failure."
  `(condition-case failure
       (progn ,@journey (princ "OK\n"))
     (error
      (princ (format "%s\n%s\n" (error-message-string failure)
                     (mapconcat #'identity (reverse user-said) "\n")))
      (kill-emacs 1))))

(provide 'support)

;;; support.el ends here
