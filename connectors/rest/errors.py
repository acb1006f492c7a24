"""What an API's refusals mean to a person. Never a body, a token or a query: they may hold data or secrets."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from connectors.errors import SourceChanged, SourceError, SourceRefused, SourceUnreachable
from infra.vietnamese import decimal, number, size

if TYPE_CHECKING:
    from connectors.rest.pace import Limits

RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
LATER = "xem hệ thống nguồn có mở được bình thường không, rồi chạy lại"
NETWORK = "xem máy chủ, mạng, địa chỉ và cổng, rồi chạy lại"
ASK_VENDOR = "hỏi nhà cung cấp hệ thống, rồi chạy lại"


def refused_status(status: int, where: str) -> SourceError:
    """A status that no other try would change."""
    if status == HTTPStatus.UNAUTHORIZED:
        return SourceRefused("API không nhận thẻ truy cập vừa cấp (401)", where=where, fix="xem quyền của client_id và giờ của máy chủ")
    if status == HTTPStatus.FORBIDDEN:
        return SourceRefused("Tài khoản API không có quyền đọc (403)", where=where, fix="nhờ quản trị cấp quyền đọc cho client_id")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        fix = "xem url và phiên bản hệ thống nguồn; nếu đường dẫn đã đổi thì sửa bản đồ cột"
        return SourceChanged(f"API không có đường dẫn này ({status})", where=where, fix=fix)
    return SourceRefused(f"API trả lời không đọc được (mã {status})", where=where, fix=LATER)


def refused_sign_in(status: int, where: str) -> SourceError:
    """The token service says no."""
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        fix = "xem client_id và tệp secret_file, hoặc nhờ quản trị cấp lại khóa"
        return SourceRefused(f"API không cho đăng nhập (mã {status}): sai client_id hoặc khóa bí mật", where=where, fix=fix)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return SourceRefused(
            f"Không có đường dẫn lấy thẻ truy cập ({status})", where=where, fix="sửa token_path hoặc url trong truong.toml"
        )
    return refused_status(status, where)


def busy(status: int, where: str, attempts: int) -> SourceError:
    """It asked to wait, again and again."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        fix = "giảm requests_a_second trong truong.toml, hoặc chạy lại lúc hệ thống rảnh"
        return SourceUnreachable(f"API bảo hỏi chậm lại (429), đã thử {attempts} lần", where=where, fix=fix)
    return SourceUnreachable(f"API đang quá tải hoặc bảo trì (mã {status}), đã thử {attempts} lần", where=where, fix=LATER)


def out_of_time(limits: Limits, where: str) -> SourceError:
    """The whole fetch took too long."""
    told = f"Kéo dữ liệu từ API quá {number(limits.fetch_seconds)} giây nên đã ngừng"
    return SourceUnreachable(told, where=where, fix="chạy lại lúc hệ thống rảnh; nếu vẫn vậy, hỏi nhà cung cấp")


def silent(seconds: float, where: str) -> SourceError:
    """It took the question and says nothing."""
    return SourceUnreachable(f"API không trả lời trong {decimal(seconds)} giây", where=where, fix=LATER)


def not_there(where: str) -> SourceError:
    """Nothing listens."""
    return SourceUnreachable("Không nối được tới máy chủ API", where=where, fix=NETWORK)


def cut_off(where: str) -> SourceError:
    """The connection ended, or the packed body was torn, before the answer was whole."""
    return SourceUnreachable("API ngắt kết nối khi chưa gửi hết dữ liệu, hoặc trả lời sai giao thức HTTP", where=where, fix=NETWORK)


def not_trusted(where: str) -> SourceError:
    """The certificate is not one that we trust: nothing was sent."""
    fix = "hỏi quản trị chứng chỉ của máy chủ; nếu là CA riêng thì nêu tệp CA ở ca_file. Không bao giờ bỏ qua kiểm tra"
    return SourceRefused("Chứng chỉ TLS của máy chủ API không tin được", where=where, fix=fix)


def no_tls(where: str) -> SourceError:
    """What answers there does not speak TLS, or none that is still safe."""
    return SourceRefused("Không lập được kết nối TLS với máy chủ API", where=where, fix="xem cổng và phiên bản TLS của máy chủ")


def too_large(cap: int, where: str) -> SourceError:
    """A page beyond the cap, packed or not."""
    fix = "giảm page_size trong bản đồ cột; nếu vẫn vậy, hỏi nhà cung cấp"
    return SourceRefused(f"API trả một trang lớn hơn {size(cap)}", where=where, fix=fix)


def too_much(cap: int, where: str) -> SourceError:
    """Pages beyond the cap of a whole resource."""
    return SourceRefused(f"API trả hơn {size(cap)} cho một danh sách", where=where, fix=ASK_VENDOR)


def strange_packing(where: str) -> SourceError:
    """A Content-Encoding that was not asked for."""
    return SourceRefused("API nén dữ liệu theo cách không đọc được", where=where, fix=ASK_VENDOR)


def elsewhere(where: str) -> SourceError:
    """A redirect or a next page on another host: the token must not travel there."""
    fix = "nếu hệ thống đã dời chỗ thì sửa url trong truong.toml; nếu không, báo quản trị"
    return SourceRefused("API chỉ sang một máy chủ khác", where=where, fix=fix)


def round_and_round(where: str) -> SourceError:
    """Redirects without end."""
    return SourceRefused("API chuyển hướng vòng quanh", where=where, fix=ASK_VENDOR)


def login_page(where: str) -> SourceError:
    """HTML with 200: what a system says that lost the session, or a proxy before it."""
    fix = "xem url, và nhờ quản trị cho client_id vào thẳng API"
    return SourceRefused("API trả trang đăng nhập (HTML) thay cho dữ liệu", where=where, fix=fix)


def other_shape(what: str, where: str) -> SourceError:
    """The answer is JSON of another shape than the map says, or no JSON."""
    return SourceChanged(what, where=where, fix="xem phiên bản hệ thống nguồn; nếu API đã đổi thì sửa bản đồ cột")
